/* Units up to seconds; a latency of hours is wrong, and shows best in those. */
#include "tickcap/durationtext.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

const char *duration_text(char text[DURATION_BYTES], int64_t duration_ns)
{
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    double value = (double)duration_ns;
    size_t unit = 0;

    if (fabs(value) < 1e3) {
        snprintf(text, DURATION_BYTES, "%" PRId64 " ns", duration_ns);
        return text;
    }
    while (unit < 2 && fabs(value) >= 999.95 * units[unit].ns)
        unit++;
    value /= units[unit].ns;
    snprintf(text, DURATION_BYTES, "%.*f %s",
             fabs(value) < 9.9995    ? 3
             : fabs(value) < 99.995  ? 2
             : fabs(value) < 9999.95 ? 1
                                     : 0,
             value, units[unit].unit);
    return text;
}
