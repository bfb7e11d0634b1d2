using Microsoft.AspNetCore.WebUtilities;
using ModelHub.Application.Errors;

namespace ModelHub.Api.Dialects;

/// <summary>The parts of a form, read one after the other, and no more of them than are meant: each costs, however little is in it.</summary>
internal sealed class FormParts(MultipartReader reader, int most)
{
    private int _count;

    /// <summary>The next part; null behind the last one.</summary>
    /// <exception cref="ModelHubException">There are too many.</exception>
    public async Task<MultipartSection?> NextAsync(CancellationToken cancellation)
    {
        var section = await reader.ReadNextSectionAsync(cancellation);
        if (section is not null && ++_count > most)
            throw ModelHubException.Invalid("body", $"The form has more than {most} parts.");
        return section;
    }
}
