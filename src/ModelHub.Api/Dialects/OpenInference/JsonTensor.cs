using System.Text.Json;
using ModelHub.Application.Tensors;

namespace ModelHub.Api.Dialects.OpenInference;

/// <summary>Values of a tensor as JSON, flat or nested by its dimensions.</summary>
internal static class JsonTensor
{
    public static Tensor Read(string name, TensorType type, IReadOnlyList<long> shape, JsonElement data, int count)
    {
        var numbers = type == TensorType.Bytes ? null : new double[count];
        var texts = type == TensorType.Bytes ? new string?[count] : null;
        var at = 0;
        Walk(data, 0);
        return at == count ? new Tensor(name, type, shape, numbers, texts)
            : throw TensorMapping.Refused(name, $"its shape says {count} values, and it has {at}");

        void Walk(JsonElement value, int depth)
        {
            if (value.ValueKind == JsonValueKind.Array)
            {
                if (depth == Tensor.MostDimensions)
                    throw TensorMapping.Refused(name, "its 'data' is nested too deeply");
                foreach (var item in value.EnumerateArray())
                    Walk(item, depth + 1);
                return;
            }
            if (depth == 0)
                throw TensorMapping.Refused(name, "its 'data' is no list");
            if (at == count)
                throw TensorMapping.Refused(name, $"its shape says {count} values, and it has more");
            if (texts is not null)
                texts[at++] = Text(value);
            else
                numbers![at++] = Number(value);
        }

        string? Text(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Null => null,
            _ => throw TensorMapping.Refused(name, $"value {at} is no text"),
        };

        double Number(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.Number when value.TryGetDouble(out var number) && double.IsFinite(number) && Fits(type, number) => number,
            JsonValueKind.True when type == TensorType.Bool => 1,
            JsonValueKind.False when type == TensorType.Bool => 0,
            JsonValueKind.Null => double.NaN,
            _ => throw TensorMapping.Refused(name, $"value {at} is no {TensorMapping.NameOf(type)}"),
        };
    }

    /// <summary>Whether a number is one of a type's.</summary>
    private static bool Fits(TensorType type, double number) => type switch
    {
        TensorType.Bool => number is 0 or 1,
        TensorType.UInt8 => Whole(number, 0, byte.MaxValue),
        TensorType.UInt16 => Whole(number, 0, ushort.MaxValue),
        TensorType.UInt32 => Whole(number, 0, uint.MaxValue),
        TensorType.UInt64 => Whole(number, 0, ulong.MaxValue),
        TensorType.Int8 => Whole(number, sbyte.MinValue, sbyte.MaxValue),
        TensorType.Int16 => Whole(number, short.MinValue, short.MaxValue),
        TensorType.Int32 => Whole(number, int.MinValue, int.MaxValue),
        TensorType.Int64 => Whole(number, long.MinValue, long.MaxValue),
        _ => true,
    };

    private static bool Whole(double number, double least, double most) => number >= least && number <= most && number == Math.Floor(number);
}
