namespace ModelHub.Engine.Networks;

/// <summary>Adam (Kingma and Ba 2015) with decoupled weight decay (Loshchilov and Hutter 2019) on the first arrays, the weights.</summary>
internal sealed class Adam(float[][] parameters, int decayed, double weightDecay)
{
    private const float Keep = 0.9f;
    private const float KeepSquares = 0.99f;
    private readonly float[][] _means = Array.ConvertAll(parameters, p => new float[p.Length]);
    private readonly float[][] _squares = Array.ConvertAll(parameters, p => new float[p.Length]);
    private double _left = 1;
    private double _leftSquares = 1;

    /// <param name="gradients">Sums of gradients by block of rows, added up in order.</param>
    /// <param name="share">One over the number of rows.</param>
    public void Step(float[][][] gradients, float share, float rate)
    {
        _left *= Keep;
        _leftSquares *= KeepSquares;
        var (unbias, unbiasSquares) = ((float)(1 / (1 - _left)), (float)(1 / (1 - _leftSquares)));
        for (var p = 0; p < parameters.Length; p++)
        {
            var (values, means, squares) = (parameters[p], _means[p], _squares[p]);
            var decay = p < decayed ? 1 - rate * (float)weightDecay : 1;
            var first = gradients[0][p];
            for (var i = 0; i < values.Length; i++)
            {
                var g = first[i];
                for (var b = 1; b < gradients.Length; b++)
                    g += gradients[b][p][i];
                g *= share;
                means[i] = Keep * means[i] + (1 - Keep) * g;
                squares[i] = KeepSquares * squares[i] + (1 - KeepSquares) * g * g;
                values[i] = decay * values[i] - rate * means[i] * unbias / (MathF.Sqrt(squares[i] * unbiasSquares) + 1e-8f);
            }
        }
    }
}
