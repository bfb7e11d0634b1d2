using System.IO.Pipelines;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using ModelHub.Application;
using ModelHub.Application.Errors;

namespace ModelHub.Api.Dialects;

/// <summary>The file of a form, read as it comes in and kept nowhere.</summary>
internal sealed record FormFile(string Name, string? ContentType, PipeReader Bytes)
{
    /// <summary>What is looked through for the end of a part at a time: files are long, and each step costs.</summary>
    private const int StepBytes = 64 << 10;
    private const int MostParts = 1_000;

    public static bool IsForm(string? contentType) => contentType?.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>The parts of a form, to be read one after the other.</summary>
    /// <exception cref="ModelHubException">The content type names no boundary between them.</exception>
    public static FormParts PartsOf(string? contentType, Stream body, int most = MostParts) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type) && HeaderUtilities.RemoveQuotes(type.Boundary).Value is { Length: > 0 and <= 200 } boundary
            ? new FormParts(new MultipartReader(boundary, body, StepBytes), most) : throw ModelHubException.Invalid("body", "The form has no boundary.");

    /// <summary>The part of a form that has a name; parts before it are passed over.</summary>
    /// <exception cref="ModelHubException">There is none, or the form is broken.</exception>
    public static async ValueTask<FormFile> OpenAsync(string contentType, PipeReader body, string part, CancellationToken cancellation)
    {
        var reader = PartsOf(contentType, body.AsStream());
        try
        {
            while (await reader.NextAsync(cancellation) is { } section)
            {
                if (section.GetContentDispositionHeader() is not { } header || HeaderUtilities.RemoveQuotes(header.Name) != part)
                    continue;
                var bytes = PipeReader.Create(LastOf(reader, section), new StreamPipeReaderOptions(bufferSize: StepBytes));
                return new FormFile(HeaderUtilities.RemoveQuotes(header.FileName).Value ?? "", section.ContentType, bytes);
            }
        }
        catch (Exception broken) when (broken is IOException or InvalidDataException)
        {
            throw Broken(broken);
        }
        throw ModelHubException.Invalid(part, $"The form has no part '{part}'.");
    }

    /// <summary>
    /// A part that is taken for whole only when all of the form has come: what is behind it is passed over before its end is told. Else a body that breaks
    /// off there, or that does not have the digest that it was announced with, would be noticed by nobody.
    /// </summary>
    public static Stream LastOf(FormParts form, MultipartSection part) => new LastPart(form, part.Body);

    private static ModelHubException Broken(Exception how) => new(ErrorKind.Invalid, "bad_form", "The form is broken or ends too early.", inner: how);

    private sealed class LastPart(FormParts form, Stream part) : OneWayStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await part.ReadAsync(buffer, cancellationToken);
            if (read > 0 || buffer.IsEmpty)
                return read;
            try
            {
                while (await form.NextAsync(cancellationToken) is not null)
                {
                }
            }
            catch (InvalidDataException broken)
            {
                throw Broken(broken);
            }
            return 0;
        }
    }
}
