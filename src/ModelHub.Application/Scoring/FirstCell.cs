using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using ModelHub.Application.Serving;

namespace ModelHub.Application.Scoring;

/// <summary>A look at the first row of a body, before it is known which model is to score it.</summary>
internal static class FirstCell
{
    /// <summary>The first row's cell of a column, as text; null when there is none, or the rows are broken (which scoring will say).</summary>
    public static string? Find(LoadedModel model, RowFormat format, string column, ReadResult read)
    {
        var columns = new RowColumns(model, new KeptColumns(false, new HashSet<string> { column }));
        var rows = IRowFormat.Of(format, model, columns);
        var block = model.RentBlock();
        try
        {
            var text = read.Buffer.ToArray();
            var head = rows.ReadHead(text, read.IsCompleted);
            if (head < 0)
                return null;
            block.MostRows = 1;
            rows.Parse(text.AsSpan(head), block, isFirst: true);
            if (columns.Find(column) is not (>= 0 and var own) || block.Count == 0 || block.CellOf(0, own) is not { Kind: not CellKind.Missing } cell)
                return null;
            return Encoding.UTF8.GetString(block.TextOf(cell));
        }
        catch (RowRefusal)
        {
            return null;
        }
        finally
        {
            model.Return(block);
        }
    }
}
