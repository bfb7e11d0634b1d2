namespace ModelHub.Application.CustomModels;

/// <summary>What a custom model predicts, which says what its answers must look like.</summary>
public enum TargetType
{
    Regression,
    Binary,
    Multiclass,
    Anomaly,
    Transform,
    TextGeneration,
    GeoPoint,
    Unstructured,
    VectorDatabase,
    AgenticWorkflow,
}

public enum CustomModelType
{
    Inference,

    /// <summary>Kept, and refused for deployment.</summary>
    Training,
}

/// <summary>What a running model may reach.</summary>
public enum NetworkPolicy
{
    None,
    DrApiAccess,
    Public,
}

public enum Visibility
{
    Private,

    /// <summary>Every user may read it.</summary>
    Public,
}

/// <summary>How far a version is from being usable.</summary>
public enum VersionStatus
{
    Ready,
    Uploading,
    PendingLoadNative,
    AttemptingLoadNative,
    AttemptingLoadContainer,
    Error,
}

/// <summary>Documented bounds of what may be asked for; <see cref="CustomModelSettings"/> of a server lie within them.</summary>
public static class ResourceLimits
{
    public const long LeastMemory = 128L << 20;
    public const long MostMemory = 14L << 30;
    public const int MostReplicas = 8;
    public const int MostFiles = 100;
    public const int MostTestUsers = 20;
}
