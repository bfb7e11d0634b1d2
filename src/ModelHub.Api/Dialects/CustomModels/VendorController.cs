using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using ModelHub.Application;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;

namespace ModelHub.Api.Dialects.CustomModels;

/// <summary>What every controller of this dialect needs: links as the caller sees the server, pages, ids.</summary>
[ApiController]
public abstract class VendorController : ControllerBase
{
    private const int MostPerPage = 1000;

    private protected string Absolute(string path) => $"{Request.Scheme}://{Request.Host}{path}";

    private protected static Guid Id(string text, string noun) => HubId.TryParse(text, out var id) ? id : throw ModelHubException.NotFound(noun);

    private protected static IActionResult Answer(object body, int status = 200) =>
        new JsonResult(body, VendorJson.Options) { StatusCode = status, ContentType = "application/json" };

    /// <summary>201 or 202 with the place of what was made.</summary>
    private protected IActionResult At(string path, object body, int status)
    {
        Response.Headers.Location = Absolute(path);
        return Answer(body, status);
    }

    /// <summary>202 with the place of the work's status.</summary>
    private protected IActionResult Under(Job job, object? body = null)
    {
        Response.Headers.Location = Absolute($"/api/v2/status/{HubId.ToHex(job.Id)}/");
        return body is null ? StatusCode(202) : Answer(body, 202);
    }

    /// <summary>The part of a list that the query asks for.</summary>
    private protected Paging Paging()
    {
        var query = new RequestFields();
        foreach (var name in (string[])["offset", "limit"])
        {
            if (Request.Query.TryGetValue(name, out var value))
                query.Add(name, value[^1] ?? "");
        }
        var paging = new Paging((int)(query.Whole("limit", 1, MostPerPage) ?? 100), (int)(query.Whole("offset", 0, int.MaxValue) ?? 0));
        query.Check();
        return paging;
    }

    /// <summary>The query's values, to be read as a form's are.</summary>
    private protected RequestFields Query()
    {
        var fields = new RequestFields();
        foreach (var (name, values) in Request.Query)
        {
            foreach (var value in values)
                fields.Add(name, value ?? "");
        }
        return fields;
    }

    private protected IActionResult List<T>(Page<T> page, Func<T, object> map) => Answer(new
    {
        count = page.Items.Count,
        totalCount = page.Total,
        next = page.Offset + page.Items.Count < page.Total && page.Items.Count > 0 ? Link(page.Offset + page.Limit, page.Limit) : null,
        previous = page.Offset > 0 ? Link(Math.Max(0, page.Offset - page.Limit), page.Limit) : null,
        data = page.Items.Select(map),
    });

    private string Link(int offset, int limit)
    {
        var path = Request.Path.Value!.TrimEnd('/') + "/";
        var query = Request.Query.Where(q => q.Key is not ("offset" or "limit")).SelectMany(q => q.Value, (q, v) => KeyValuePair.Create(q.Key, v))
            .Append(KeyValuePair.Create<string, string?>("offset", offset.ToString(System.Globalization.CultureInfo.InvariantCulture)))
            .Append(KeyValuePair.Create<string, string?>("limit", limit.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        return QueryHelpers.AddQueryString(Absolute(path), query);
    }
}
