/*
 * compare_number.c - decimal numbers by value, as text: never through a double.
 *
 * DESIGN: one pass over the literal, any length. Numbers that are equal have one sign, digits
 * without zeros at either end and an exponent. An exponent that no number means (beyond 10^+-2^62)
 * is not computed with: then only literals that are spelled alike are equal.
 */
#include "lib/kestra/compare_impl.h"

#include <endian.h>

#define EXPONENT_DIGITS 18 /* always fits int64_t, with room for the length of the digits */

/* The exponent after 'e', or false when it is out of range. */
static bool read_exponent(struct slice text, int64_t *out)
{
    size_t  at = 0;
    bool    negative = false;
    int64_t value = 0;

    if (at < text.n && (text.p[at] == '+' || text.p[at] == '-'))
        negative = text.p[at++] == '-';
    while (at < text.n && text.p[at] == '0')
        at++;
    if (text.n - at > EXPONENT_DIGITS)
        return false;
    for (; at < text.n; at++)
        value = value * 10 + (text.p[at] - '0');
    *out = negative ? -value : value;
    return true;
}

/* Digits are put behind one byte that is kept for the sign. */
void number_read(struct slice spelled, char *room, struct number *out)
{
    size_t  at = 0;
    size_t  n = 0;
    int64_t shift = 0;
    bool    fraction = false;

    *out = (struct number){ .digits = slice_of(room + 1, 0) };
    if (spelled.n > 0 && spelled.p[0] == '-') {
        out->negative = true;
        at++;
    }
    for (; at < spelled.n && (spelled.p[at] | 0x20) != 'e'; at++) {
        if (spelled.p[at] == '.') {
            fraction = true;
            continue;
        }
        shift -= fraction;
        room[1 + n] = spelled.p[at];
        n += n > 0 || spelled.p[at] != '0'; /* not a branch: there is no guessing it */
    }
    while (n > 0 && room[n] == '0') {
        n--;
        shift++;
    }
    if (n == 0) {
        out->negative = false; /* -0 is 0 */
        return;
    }
    out->digits.n = n;
    if (at < spelled.n)
        out->unusual =
            !read_exponent(slice_of(spelled.p + at + 1, spelled.n - at - 1), &out->exponent);
    out->exponent += shift;
}

struct slice number_canonical(struct slice spelled, char *room, const struct number *number)
{
    uint64_t exponent = htole64((uint64_t)number->exponent);
    size_t   n = 1 + number->digits.n;

    if (number->unusual)
        return spelled;
    room[0] = number->negative ? '-' : '+';
    room[n++] = 'e';
    memcpy(room + n, &exponent, sizeof(exponent));
    return slice_of(room, n + sizeof(exponent));
}

int64_t number_nanoseconds(const struct number *number)
{
    const int64_t most = INT64_MAX;
    int64_t       zeros;
    int64_t       value = 0;

    if (number->digits.n == 0)
        return 0;
    if (number->unusual)
        return number->negative ? -most : most;
    zeros = number->exponent + 9;
    for (size_t i = 0; i < number->digits.n; i++) {
        int64_t places_left = (int64_t)(number->digits.n - i) + zeros;

        if (places_left <= 0)
            break; /* below a nanosecond */
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, number->digits.p[i] - '0', &value))
            return number->negative ? -most : most;
    }
    for (; zeros > 0; zeros--)
        if (__builtin_mul_overflow(value, 10, &value))
            return number->negative ? -most : most;
    return number->negative ? -value : value;
}
