Console.Error.WriteLine("usage: ModelHub.Benchmarks train|shap|score ...");
return 2;
