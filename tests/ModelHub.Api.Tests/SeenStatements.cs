using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;

namespace ModelHub.Api.Tests;

/// <summary>
/// Statements that the requests of one test cause, with their parameters written out. Without those that ask whose a key is: that is asked behind the requests
/// every half minute, during whichever of them.
/// </summary>
internal sealed class SeenStatements : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
{
    private readonly ActivityListener _activities = new()
    {
        ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
        Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
    };

    private readonly Activity _activity = new Activity("seen").Start();
    private readonly List<IDisposable> _subscriptions = [];

    public SeenStatements()
    {
        ActivitySource.AddActivityListener(_activities);
        _subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));
    }

    public ConcurrentQueue<string> Texts { get; } = new();

    public void OnNext(DiagnosticListener value)
    {
        if (value.Name == "Microsoft.EntityFrameworkCore")
            _subscriptions.Add(value.Subscribe(this));
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (!value.Key.EndsWith("CommandExecuting", StringComparison.Ordinal) || Activity.Current?.TraceId != _activity.TraceId)
            return;
        var command = (DbCommand)value.Value!.GetType().GetProperty("Command")!.GetValue(value.Value)!;
        if (!command.CommandText.Contains("FROM api_keys", StringComparison.Ordinal))
            Texts.Enqueue(Written(command));
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    public void Dispose()
    {
        _subscriptions.ForEach(s => s.Dispose());
        _activities.Dispose();
        _activity.Dispose();
    }

    private static string Written(DbCommand command)
    {
        var text = command.CommandText;
        foreach (var parameter in command.Parameters.Cast<DbParameter>().OrderByDescending(p => p.ParameterName.Length))
        {
            var value = parameter.Value switch
            {
                Guid id => $"'{id}'::uuid",
                IEnumerable<Guid> ids => $"array[{string.Join(", ", ids.Select(id => $"'{id}'"))}]::uuid[]",
                string word => $"'{word}'",
                var other => other?.ToString() ?? "null",
            };
            text = text.Replace("@" + parameter.ParameterName.TrimStart('@'), value, StringComparison.Ordinal);
        }
        return text;
    }
}
