using ModelHub.Engine.Binning;
using ModelHub.Engine.Data;
using ModelHub.Engine.Losses;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Trees;

/// <summary>Gradient boosting on histograms, second order (Friedman 2001; Chen and Guestrin 2016; Ke et al. 2017).</summary>
public sealed class GradientBoostedTrees(BoostingOptions options) : ILearner
{
    public string Algorithm => "GBM";

    public IReadOnlyDictionary<string, HyperParameter> Parameters => options.Describe();

    public IModel Fit(TrainingSet set, FitContext context)
    {
        options.Check();
        if (set.Count == 0)
            throw new EngineException("There are no rows to learn from.");
        using var team = new ThreadTeam(context.Threads);
        return new Boosting(set, context, options, LossFor(set), team).Run();
    }

    private static ILoss LossFor(TrainingSet set) => set.Task switch
    {
        TaskKind.Binary => new LogisticLoss(),
        TaskKind.Multiclass => new SoftmaxLoss(set.ClassCount),
        TaskKind.Regression => new SquaredLoss(),
    };

    /// <summary>One fit: the scores so far and the trees that made them.</summary>
    private sealed class Boosting
    {
        private readonly TrainingSet _set;
        private readonly FitContext _context;
        private readonly BoostingOptions _options;
        private readonly ILoss _loss;
        private readonly ThreadTeam _team;
        private readonly int _outputs;
        private readonly int[] _rows;
        private readonly double[] _scores;
        private readonly float[][] _gradients;
        private readonly float[][] _hessians;
        private readonly SeededRandom _random;

        public Boosting(TrainingSet set, FitContext context, BoostingOptions options, ILoss loss, ThreadTeam team)
        {
            (_set, _context, _options, _loss, _team) = (set, context, options, loss, team);
            _outputs = set.OutputCount;
            _rows = set.Rows ?? [.. Enumerable.Range(0, set.Features.RowCount)];
            _scores = new double[(long)set.Features.RowCount * _outputs];
            _gradients = [.. Enumerable.Range(0, _outputs).Select(_ => new float[set.Features.RowCount])];
            _hessians = [.. Enumerable.Range(0, _outputs).Select(_ => new float[set.Features.RowCount])];
            _random = new SeededRandom(context.Seed);
        }

        public Forest Run()
        {
            var bins = BinnedMatrix.Shared(_set.Features, _options.MaxBins, _team);
            var start = _loss.Start(_set, _rows);
            foreach (var row in _rows)
                start.CopyTo(_scores.AsSpan(row * _outputs));
            var validation = _context.ValidationRows is { Length: > 0 } held ? new Validation(_set, held, start, _loss) : null;
            var grower = new TreeGrower(bins, _options, _team);
            var trees = new List<Tree>();
            var kept = 0;
            var best = double.PositiveInfinity;
            for (var step = 0; step < _options.Trees; step++)
            {
                _context.Cancellation.ThrowIfCancellationRequested();
                Derive();
                Step(grower, trees);
                var loss = validation?.Add(trees, _outputs, _team) ?? double.NaN;
                _context.Progress?.Invoke(new FitStep(step + 1, _options.Trees, TrainingLoss(), loss));
                if (validation is null || loss < best)
                    (best, kept) = (loss, trees.Count);
                if (_context.OutOfTime?.Invoke() == true)
                    break;
                if (validation is not null && _options.EarlyStoppingRounds > 0 && trees.Count - kept >= _options.EarlyStoppingRounds * _outputs)
                    break;
            }
            return new Forest(trees[..kept], start, _set.Features.FeatureCount, _loss.Link);
        }

        private void Derive() => _team.Split(_rows.Length, 2000, (from, to) =>
        {
            var gradients = new double[_outputs];
            var hessians = new double[_outputs];
            for (var i = from; i < to; i++)
            {
                var row = _rows[i];
                _loss.Derive(_scores.AsSpan(row * _outputs, _outputs), _set.Labels[row], gradients, hessians);
                var weight = _set.Weights?[row] ?? 1;
                for (var o = 0; o < _outputs; o++)
                {
                    _gradients[o][row] = (float)(weight * gradients[o]);
                    _hessians[o][row] = (float)(weight * hessians[o]);
                }
            }
        });

        private void Step(TreeGrower grower, List<Tree> trees)
        {
            var sample = _options.SampleRate < 1 ? Sample() : _rows;
            for (var o = 0; o < _outputs; o++)
            {
                var tree = grower.Grow(sample, _gradients[o], _hessians[o], _set.Weights, SampleColumns(), _options.LearnRate, o);
                trees.Add(tree);
                if (sample.Length == _rows.Length)
                    grower.ForEachLeaf((node, rows) => Add(rows, tree.Value[node], o));
                else
                    AddByScoring(tree);
            }
        }

        private void Add(ArraySegment<int> rows, float value, int output)
        {
            foreach (var row in rows)
                _scores[row * _outputs + output] += value;
        }

        private void AddByScoring(Tree tree) => _team.Split(_rows.Length, 500, (from, to) =>
        {
            var features = new float[_set.Features.FeatureCount];
            for (var i = from; i < to; i++)
            {
                _set.Features.CopyRow(_rows[i], features);
                _scores[_rows[i] * _outputs + tree.Output] += tree.Value[tree.Leaf(features)];
            }
        });

        private int[] Sample()
        {
            var sample = new List<int>((int)(_rows.Length * _options.SampleRate) + 1);
            foreach (var row in _rows)
            {
                if (_random.NextDouble() < _options.SampleRate)
                    sample.Add(row);
            }
            return sample.Count > 0 ? [.. sample] : _rows;
        }

        private bool[]? SampleColumns()
        {
            var count = _set.Features.FeatureCount;
            if (_options.ColumnSampleRatePerTree >= 1)
                return null;
            var columns = Enumerable.Range(0, count).ToArray();
            _random.Shuffle<int>(columns);
            var usable = new bool[count];
            foreach (var c in columns.Take(Math.Max(1, (int)Math.Round(count * _options.ColumnSampleRatePerTree))))
                usable[c] = true;
            return usable;
        }

        /// <summary>Mean loss over the training rows; only computed when somebody listens.</summary>
        private double TrainingLoss()
        {
            if (_context.Progress is null)
                return double.NaN;
            var sum = 0.0;
            foreach (var row in _rows)
                sum += _loss.Value(_scores.AsSpan(row * _outputs, _outputs), _set.Labels[row]);
            return sum / _rows.Length;
        }
    }

    /// <summary>Rows that are not learned from, scored as trees are added.</summary>
    private sealed class Validation
    {
        private readonly TrainingSet _set;
        private readonly int[] _rows;
        private readonly float[] _features;
        private readonly double[] _scores;
        private readonly ILoss _loss;
        private int _seen;

        public Validation(TrainingSet set, int[] rows, double[] start, ILoss loss)
        {
            (_set, _rows, _loss) = (set, rows, loss);
            var width = set.Features.FeatureCount;
            _features = new float[(long)rows.Length * width];
            _scores = new double[rows.Length * start.Length];
            for (var i = 0; i < rows.Length; i++)
            {
                set.Features.CopyRow(rows[i], _features.AsSpan(i * width, width));
                start.CopyTo(_scores.AsSpan(i * start.Length));
            }
        }

        /// <summary>Adds the trees not seen yet; returns the mean loss.</summary>
        public double Add(List<Tree> trees, int outputs, ThreadTeam team)
        {
            var width = _set.Features.FeatureCount;
            team.Split(_rows.Length, 500, (from, to) =>
            {
                for (var t = _seen; t < trees.Count; t++)
                {
                    for (var i = from; i < to; i++)
                        _scores[i * outputs + trees[t].Output] += trees[t].Value[trees[t].Leaf(_features.AsSpan(i * width, width))];
                }
            });
            _seen = trees.Count;
            double sum = 0, weights = 0;
            for (var i = 0; i < _rows.Length; i++)
            {
                var weight = _set.Weights?[_rows[i]] ?? 1;
                sum += weight * _loss.Value(_scores.AsSpan(i * outputs, outputs), _set.Labels[_rows[i]]);
                weights += weight;
            }
            return sum / weights;
        }
    }
}
