namespace ModelHub.Engine.Losses;

/// <summary>Losses by name; <see cref="Auto"/> is logistic, softmax or squared by the task.</summary>
public enum LossKind
{
    Auto,
    Logistic,
    Softmax,
    Squared,
    Absolute,
    Huber,
    Quantile,
    Poisson,
    Tweedie,
    Gamma,
}
