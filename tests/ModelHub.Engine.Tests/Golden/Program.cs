using ModelHub.Engine.Tests.Golden;

// "digest" prints what this process computes, "golden FOLDER" writes the golden artifact of the present version.
return args switch
{
    ["digest"] => Print(Digest.Everything()),
    ["golden", var folder] => Print(GoldenArtifact.Write(folder)),
    _ => Print("usage: digest | golden FOLDER"),
};

static int Print(string text)
{
    Console.WriteLine(text);
    return 0;
}
