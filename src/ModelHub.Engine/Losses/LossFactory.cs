using ModelHub.Engine.Data;

namespace ModelHub.Engine.Losses;

/// <summary>Makes losses from their names.</summary>
public static class LossFactory
{
    /// <param name="alpha">Share of absolute residuals below Huber's delta, or the quantile.</param>
    /// <param name="power">Tweedie's variance power, between 1 and 2.</param>
    /// <exception cref="EngineException">A loss that does not fit the task, or a parameter out of range.</exception>
    public static ILoss Create(LossKind kind, TaskKind task, int classCount, double alpha, double power)
    {
        if (kind == LossKind.Auto)
        {
            kind = task switch
            {
                TaskKind.Binary => LossKind.Logistic,
                TaskKind.Multiclass => LossKind.Softmax,
                TaskKind.Regression => LossKind.Squared,
            };
        }
        var needs = kind switch
        {
            LossKind.Logistic => TaskKind.Binary,
            LossKind.Softmax => TaskKind.Multiclass,
            _ => TaskKind.Regression,
        };
        if (needs != task)
            throw new EngineException($"The loss '{kind}' is for {needs}, the task is {task}.");
        if (kind is LossKind.Quantile or LossKind.Huber && !(alpha > 0 && alpha < 1))
            throw new EngineException($"loss_alpha is {alpha}; it must be between 0 and 1, both excluded.");
        if (kind == LossKind.Tweedie && !(power > 1 && power < 2))
            throw new EngineException($"tweedie_power is {power}; it must be between 1 and 2, both excluded.");
        return kind switch
        {
            LossKind.Logistic => new LogisticLoss(),
            LossKind.Softmax => new SoftmaxLoss(classCount),
            LossKind.Absolute => new QuantileLoss(0.5, 2),
            LossKind.Quantile => new QuantileLoss(alpha, 1),
            LossKind.Huber => new HuberLoss(alpha),
            LossKind.Poisson => new PoissonLoss(),
            LossKind.Tweedie => new TweedieLoss(power),
            LossKind.Gamma => new GammaLoss(),
            LossKind.Auto or LossKind.Squared => new SquaredLoss(),
        };
    }
}
