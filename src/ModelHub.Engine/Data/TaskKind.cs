namespace ModelHub.Engine.Data;

/// <summary>What is predicted. The positive class of <see cref="Binary"/> is the last label in sorted order.</summary>
public enum TaskKind
{
    Binary,
    Multiclass,
    Regression,
}
