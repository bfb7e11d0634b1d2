using ModelHub.Api.Hosting;

return await CommandLine.RunAsync(args);
