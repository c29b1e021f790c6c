/* nearest.c - see nearest.h. */
#include "lib/base/nearest.h"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t nearest_distance(struct slice a, struct slice b)
{
    size_t rows[3][NEAREST_MAX_BYTES + 1]; /* the last two and this one, in turn */

    for (size_t k = 0; k <= b.n; k++)
        rows[0][k] = k;
    for (size_t i = 1; i <= a.n; i++) {
        size_t       *row = rows[i % 3];
        const size_t *up = rows[(i + 2) % 3];
        const size_t *up2 = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t k = 1; k <= b.n; k++) {
            size_t change = up[k - 1] + (a.p[i - 1] == b.p[k - 1] ? 0 : 1);

            row[k] = least(change, least(up[k], row[k - 1]) + 1);
            if (i > 1 && k > 1 && a.p[i - 1] == b.p[k - 2] && a.p[i - 2] == b.p[k - 1])
                row[k] = least(row[k], up2[k - 2] + 1);
        }
    }
    return rows[a.n % 3][b.n];
}
