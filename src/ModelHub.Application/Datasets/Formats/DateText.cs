using System.Globalization;

namespace ModelHub.Application.Datasets.Formats;

/// <summary>
/// Dates as yyyy-MM-dd or yyyy/MM/dd, with or without a time (T or blank, HH:mm[:ss[.fraction]]) and a zone (Z, +HH:mm); without a zone
/// it is UTC.
/// </summary>
internal static class DateText
{
    /// <summary>Seconds since 1970-01-01 UTC.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out double seconds)
    {
        seconds = 0;
        if (text.Length < 10 || text[4] is not ((byte)'-' or (byte)'/') || text[7] != text[4])
            return false;
        if (!Digits(text, 0, 4, out var year) || !Digits(text, 5, 2, out var month) || !Digits(text, 8, 2, out var day))
            return false;
        if (year is < 1 or > 9999 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month))
            return false;
        seconds = (new DateTime(year, month, day, 0, 0, 0, DateTimeKind.Utc) - DateTime.UnixEpoch).TotalSeconds;
        return text.Length == 10 || (text[10] is (byte)'T' or (byte)' ' && Time(text[11..], ref seconds));
    }

    /// <summary>The date alone when the time is midnight, else with the time and a Z.</summary>
    public static string Format(double seconds)
    {
        if (!double.IsFinite(seconds) || Math.Abs(seconds) > 2.5e11)
            return CellText.Format(seconds);
        // DateTime.AddSeconds keeps ticks; years beyond its range cannot have been read.
        var at = DateTime.UnixEpoch.AddTicks((long)Math.Round(seconds * TimeSpan.TicksPerSecond));
        return at.ToString(at.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "yyyy-MM-ddTHH:mm:ss.FFFFFFFZ", CultureInfo.InvariantCulture);
    }

    private static bool Time(ReadOnlySpan<byte> text, ref double seconds)
    {
        if (text.Length < 5 || text[2] != ':' || !Digits(text, 0, 2, out var hour) || !Digits(text, 3, 2, out var minute)
            || hour > 23 || minute > 59)
            return false;
        var at = 5;
        var second = 0;
        var fraction = 0.0;
        if (at < text.Length && text[at] == ':')
        {
            if (text.Length < 8 || !Digits(text, 6, 2, out second) || second > 59)
                return false;
            at = 8;
            if (at < text.Length && text[at] == '.')
            {
                var scale = 0.1;
                var first = ++at;
                for (; at < text.Length && (uint)(text[at] - '0') <= 9; at++, scale /= 10)
                    fraction += (text[at] - '0') * scale;
                if (at == first)
                    return false;
            }
        }
        seconds += hour * 3600 + minute * 60 + second + fraction;
        return at == text.Length || Zone(text[at..], ref seconds);
    }

    private static bool Zone(ReadOnlySpan<byte> text, ref double seconds)
    {
        if (text.Length == 1)
            return text[0] is (byte)'Z' or (byte)'z';
        if (text[0] is not ((byte)'+' or (byte)'-') || !Digits(text, 1, 2, out var hours) || hours > 18)
            return false;
        var minutes = 0;
        var fits = text.Length switch
        {
            3 => true,
            5 => Digits(text, 3, 2, out minutes),
            6 => text[3] == ':' && Digits(text, 4, 2, out minutes),
            _ => false,
        };
        var offset = hours * 3600 + minutes * 60;
        seconds += text[0] == '+' ? -offset : offset;
        return fits && minutes < 60;
    }

    private static bool Digits(ReadOnlySpan<byte> text, int at, int count, out int value)
    {
        value = 0;
        if (at + count > text.Length)
            return false;
        foreach (var c in text.Slice(at, count))
        {
            if ((uint)(c - '0') > 9)
                return false;
            value = value * 10 + (c - '0');
        }
        return true;
    }
}
