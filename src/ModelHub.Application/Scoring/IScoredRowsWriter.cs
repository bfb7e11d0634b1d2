using System.Buffers;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Scoring;

/// <summary>Writes scored rows in some format. <see cref="Rows"/> may be called from several threads; the others are not.</summary>
public interface IScoredRowsWriter
{
    /// <summary>Whether rows that came by column are taken from <see cref="RowBlock.Typed"/>, so that no cell is written down as text.</summary>
    bool TakesColumns => false;

    /// <summary>Whether it writes what moved the predictions.</summary>
    bool Explains => false;

    /// <summary>Whether it writes the names of columns with every row.</summary>
    bool TellsNames => false;

    /// <summary>Whether it can write answers that are no numbers (<see cref="RowBlock.Answers"/>).</summary>
    bool WritesAnswers => false;

    /// <summary>Told once, when the first rows are read and before any is written.</summary>
    /// <exception cref="ModelHubException">The columns lack something that was asked for.</exception>
    void Prepare(RowColumns columns);

    /// <summary>What stands before the rows.</summary>
    void Begin(RowColumns columns, IBufferWriter<byte> output);

    void Rows(RowBlock block, RowColumns columns, IBufferWriter<byte> output);

    void End(long rows, IBufferWriter<byte> output);
}
