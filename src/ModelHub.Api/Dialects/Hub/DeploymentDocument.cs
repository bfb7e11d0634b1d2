using System.Text.Json.Nodes;
using ModelHub.Application.Deployments;

namespace ModelHub.Api.Dialects.Hub;

/// <summary>An OpenAPI document of one deployment: the very inputs, ranges and classes of its model.</summary>
internal static class DeploymentDocument
{
    public static JsonObject Of(ServedDeployment deployment, string server)
    {
        var row = RowSchema(deployment);
        var path = $"/predApi/v1.0/deployments/{deployment.Id}/predictions";
        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = deployment.Name, ["version"] = $"{deployment.Revision}", ["description"] = $"Predicts '{deployment.Champion.Header.Target}'.",
            },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = server }),
            ["security"] = new JsonArray(new JsonObject { ["key"] = new JsonArray() }),
            ["paths"] = new JsonObject { [path] = new JsonObject { ["post"] = Operation() } },
            ["components"] = new JsonObject
            {
                ["securitySchemes"] = new JsonObject { ["key"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" } },
                ["schemas"] = new JsonObject { ["Row"] = row, ["Predictions"] = AnswerSchema(deployment), ["Error"] = Object(("message", Typed("string"))) },
            },
        };
    }

    private static JsonObject Operation() => new()
    {
        ["operationId"] = "predict",
        ["summary"] = "Scores rows.",
        ["requestBody"] = new JsonObject
        {
            ["required"] = true,
            ["content"] = new JsonObject
            {
                ["application/json"] = new JsonObject { ["schema"] = ListOf(Reference("Row")) },
                ["text/csv"] = new JsonObject { ["schema"] = Typed("string") },
            },
        },
        ["responses"] = new JsonObject
        {
            ["200"] = Response("Predictions, one per row.", "Predictions"),
            ["400"] = Response("The rows are refused.", "Error"),
            ["401"] = Response("No key, or a wrong one.", "Error"),
            ["404"] = Response("No such deployment.", "Error"),
        },
    };

    private static JsonObject RowSchema(ServedDeployment deployment)
    {
        var properties = new JsonObject();
        foreach (var input in deployment.Champion.Header.Inputs)
        {
            var schema = input.Levels is { } levels
                ? new JsonObject { ["type"] = new JsonArray("string", "number", "boolean", "null"), ["examples"] = new JsonArray([.. levels.Take(20).Select(l => (JsonNode)l)]) }
                : new JsonObject { ["type"] = new JsonArray("number", "string", "boolean", "null") };
            schema["description"] = input is { Min: { } min, Max: { } max }
                ? $"{input.Kind.ToString().ToLowerInvariant()}; training saw {min:G6} to {max:G6}" : input.Kind.ToString().ToLowerInvariant();
            properties[input.Name] = schema;
        }
        return new JsonObject { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = true };
    }

    private static JsonObject AnswerSchema(ServedDeployment deployment)
    {
        var model = deployment.Champion;
        var label = model.IsBinary ? new JsonObject { ["enum"] = new JsonArray(0, 1) }
            : model.IsRegression ? new JsonObject { ["const"] = model.Header.Target }
            : new JsonObject { ["enum"] = new JsonArray([.. model.Header.Classes.Select(c => (JsonNode)c)]) };
        if (model.IsBinary)
            label["description"] = $"1 is '{model.Header.Classes[1]}', 0 is '{model.Header.Classes[0]}'.";
        var row = Object(
            ("predictionValues", ListOf(Object(("value", Typed("number")), ("label", label.DeepClone().AsObject())))),
            ("prediction", model.IsRegression ? Typed("number") : label),
            ("rowId", Typed("integer")));
        if (model.IsBinary)
            row["properties"]!["predictionThreshold"] = Typed("number");
        return Object(("data", ListOf(row)));
    }

    private static JsonObject Response(string description, string schema) => new()
    {
        ["description"] = description,
        ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = Reference(schema) } },
    };

    private static JsonObject Typed(string type) => new() { ["type"] = type };

    private static JsonObject ListOf(JsonObject item) => new() { ["type"] = "array", ["items"] = item };

    private static JsonObject Reference(string schema) => new() { ["$ref"] = $"#/components/schemas/{schema}" };

    private static JsonObject Object(params (string Name, JsonObject Schema)[] members) => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject(members.Select(m => KeyValuePair.Create(m.Name, (JsonNode?)m.Schema))),
        ["required"] = new JsonArray([.. members.Select(m => (JsonNode)m.Name)]),
    };
}
