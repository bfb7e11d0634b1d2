using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ModelHub.Api.Documentation;

/// <summary>
/// Gives every JSON body one example, made along its schema of values that fit the members' names (<see cref="ExampleValues"/>). A request's
/// example has the members that a first call needs; an answer's has all.
/// </summary>
internal sealed class Examples : IDocumentFilter
{
    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        var sketch = new Sketch(context.SchemaRepository.Schemas);
        foreach (var operation in swaggerDoc.Paths.Values.SelectMany(p => p.Operations?.Values ?? Enumerable.Empty<OpenApiOperation>()))
        {
            Fill(operation.RequestBody?.Content, sketch, asRequest: true);
            foreach (var answer in operation.Responses?.Values ?? Enumerable.Empty<IOpenApiResponse>())
                Fill(answer.Content, sketch, asRequest: false);
        }
    }

    private static void Fill(IDictionary<string, IOpenApiMediaType>? content, Sketch sketch, bool asRequest)
    {
        if (content is null)
            return;
        if (content.ContainsKey("application/json"))
        {
            // What MVC's formatters would read and write as well says nothing to a reader of the document.
            foreach (var twin in new[] { "text/json", "application/*+json", asRequest ? "" : "text/plain" })
                content.Remove(twin);
        }
        foreach (var (type, body) in content)
        {
            if (type.EndsWith("json", StringComparison.Ordinal) && body is OpenApiMediaType { Schema: { } schema } media)
                media.Example ??= sketch.Of(schema, "", asRequest, 0);
        }
    }

    private sealed class Sketch(IReadOnlyDictionary<string, IOpenApiSchema> schemas)
    {
        /// <summary>Schemas may contain themselves.</summary>
        private const int Deepest = 12;

        public JsonNode? Of(IOpenApiSchema schema, string name, bool asRequest, int depth)
        {
            // While a document is made, a reference does not lead anywhere yet.
            if (schema is OpenApiSchemaReference { Reference.Id: { } id })
                return schemas.TryGetValue(id, out var target) ? Of(target, name, asRequest, depth + 1) : null;
            if (schema.Enum is [{ } first, ..])
                return first.DeepClone();
            if (ExampleValues.Of(name, schema.Type) is { } known)
                return known;
            if (depth > Deepest)
                return null;
            if ((schema.OneOf ?? schema.AnyOf ?? schema.AllOf) is [{ } one, ..])
                return Of(one, name, asRequest, depth + 1);
            return (schema.Type & ~JsonSchemaType.Null) switch
            {
                JsonSchemaType.Array => new JsonArray(schema.Items is null ? [] : [Of(schema.Items, name, asRequest, depth + 1)]),
                JsonSchemaType.Boolean => false,
                JsonSchemaType.Integer => 1,
                JsonSchemaType.Number => 0.5,
                JsonSchemaType.String => ExampleValues.OfFormat(schema.Format),
                _ => ObjectOf(schema, asRequest, depth),
            };
        }

        private JsonObject ObjectOf(IOpenApiSchema schema, bool asRequest, int depth)
        {
            var example = new JsonObject();
            var all = schema.Properties?.Any(p => ExampleValues.Of(p.Key, p.Value.Type) is not null) is not true;
            foreach (var (member, inner) in schema.Properties ?? new Dictionary<string, IOpenApiSchema>())
            {
                if (!asRequest || all || schema.Required?.Contains(member) is true || ExampleValues.Of(member, inner.Type) is not null)
                    example[member] = Of(inner, member, asRequest, depth + 1);
            }
            if (schema.AdditionalProperties is { } values)
                example["sepal_length"] = Of(values, "", asRequest, depth + 1);
            return example;
        }
    }
}
