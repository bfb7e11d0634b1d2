using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace ModelHub.Api.Documentation;

/// <summary>Values that examples show, by the name of the member; the story is the README's, of irises.</summary>
internal static class ExampleValues
{
    private const string Id = "01a1fd22-9276-8abd-8000-00000089b0c5";

    private static readonly Dictionary<string, JsonNode> ByName = new(StringComparer.Ordinal)
    {
        ["name"] = "irises", ["username"] = "ada", ["email"] = "ada@example.org", ["role"] = "editor", ["description"] = "Fisher's irises, 1936",
        ["user_api_key"] = "mh_...", ["project_name"] = "garden", ["collection_name"] = "irises", ["model_name"] = "iris-model", ["application"] = "AutoML",
        ["training_mode"] = "balanced", ["mode"] = "balanced", ["task_type"] = "classification", ["problem_type"] = "auto", ["label_attribute"] = "species",
        ["prediction_dataset"] = "irises", ["target_column"] = "species", ["metric"] = "logloss", ["stage"] = "production", ["label"] = "irises",
        ["vector_type"] = "dense", ["vector_dim"] = 4, ["string_id"] = "flower-1", ["string_ids"] = new JsonArray("flower-1"),
        ["data"] = new JsonArray(6.1, 2.8, 4.7, 1.2), ["attributes"] = new JsonObject { ["species"] = "versicolor" }, ["file_format"] = "csv",
        ["file_data"] = "c2VwYWxfbGVuZ3RoLHNwZWNpZXMKNi4xLHZlcnNpY29sb3IK", ["has_field_names"] = true, ["nfolds"] = 5, ["seed"] = 7, ["max_models"] = 10,
        ["inputs"] = new JsonObject { ["sepal_length"] = 6.1, ["sepal_width"] = 2.8, ["petal_length"] = 4.7, ["petal_width"] = 1.2 },
        ["feature"] = "petal_width", ["predicted_class"] = "versicolor", ["prediction"] = "versicolor", ["status"] = "succeeded", ["algo"] = "StackedEnsemble",
        ["error_message"] = "No such project.", ["message"] = "No such project.", ["detail"] = "No such project.", ["title"] = "No such project.",
        ["error"] = "No such model.", ["msg"] = "No such model.", ["code"] = "not_found", ["type"] = "https://modelhub.invalid/problems/not_found",
        ["workspace_name"] = "garden", ["datatype"] = "FP32", ["shape"] = new JsonArray(1, 4), ["access_level"] = "owner", ["created_by"] = "ada",
        ["changes"] = new JsonObject { ["petal_width"] = 1.9 }, ["base"] = new JsonObject { ["petal_width"] = 1.2 }, ["reason"] = "a newer season",
        ["model_id"] = Id, ["project_id"] = Id, ["dataset_version_id"] = Id, ["key"] = "mh_...", ["from"] = "2026-01-01T00:00:00Z", ["to"] = "2026-01-02T00:00:00Z",
        ["probabilities"] = new JsonObject { ["setosa"] = 0.01, ["versicolor"] = 0.95, ["virginica"] = 0.04 }, ["job_id"] = Id, ["ok"] = true, ["success"] = true,
        ["task"] = "multiclass", ["algorithm"] = "GBM", ["association_id"] = "flower-1", ["experiment_name"] = "irises", ["limit"] = 50, ["offset"] = 0,
        ["sticky_by"] = "plant", ["traceId"] = "4bf92f3577b34da6a3ce929d0e0e4736",
    };

    /// <summary>A value for a member of this name, if it is of the schema's type; null when there is none.</summary>
    public static JsonNode? Of(string name, JsonSchemaType? type) =>
        ByName.TryGetValue(name, out var value) && (type is null || (type.Value & TypeOf(value)) != 0) ? value.DeepClone() : null;

    public static JsonNode OfFormat(string? format) => format switch
    {
        "uuid" => Id,
        "date-time" => "2026-01-01T00:00:00Z",
        _ => "text",
    };

    private static JsonSchemaType TypeOf(JsonNode value) => value switch
    {
        JsonArray => JsonSchemaType.Array,
        JsonObject => JsonSchemaType.Object,
        _ => value.GetValueKind() switch
        {
            System.Text.Json.JsonValueKind.String => JsonSchemaType.String,
            System.Text.Json.JsonValueKind.Number => JsonSchemaType.Integer | JsonSchemaType.Number,
            _ => JsonSchemaType.Boolean,
        },
    };
}
