using ModelHub.Benchmarks;
using ModelHub.Engine;

try
{
    return Run(args);
}
catch (Exception error) when (error is ArgumentException or FormatException or IOException or EngineException)
{
    Console.Error.WriteLine(error.Message);
    return 2;
}

static int Run(string[] args) => args switch
{
    ["train", .. var rest] => TrainBenchmark.Run(new Arguments(rest)),
    ["shap", .. var rest] => ShapBenchmark.Run(new Arguments(rest)),
    ["score", .. var rest] => ScoreBenchmark.Run(new Arguments(rest)),
    ["accuracy", .. var rest] => AccuracyBenchmark.Run(new Arguments(rest)),
    ["automl", .. var rest] => AutoMlBenchmark.Run(new Arguments(rest)),
    ["foreign", .. var rest] => ForeignBenchmark.Run(new Arguments(rest)),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: ModelHub.Benchmarks train|accuracy|shap|score --data FILE.csv --target NAME --task binary|multiclass|regression");
    Console.Error.WriteLine("  [--test FILE.csv] [--trees N] [--depth D | --leaves L] [--bins B] [--threads T] [--rows N] [--rate R] [--seed S] --json");
    Console.Error.WriteLine("  accuracy --folder DIR [--sets a,b] [--split folds|holdout]");
    Console.Error.WriteLine("  automl --seconds S [--mode balanced] (--folder DIR [--sets a,b] | --data FILE.csv --test FILE.csv --target NAME --task TASK)");
    Console.Error.WriteLine("  foreign --model FILE --rows FILE.f32 --out FILE.f64 [--threads T]");
    return 2;
}
