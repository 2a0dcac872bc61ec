/* json_check.c - see json_check.h. SPDX-License-Identifier: MIT */
#include "wire/json_check.h"

#include "base/err.h"

#include <stdio.h>

/* What may come next. The words of a literal are told by how many of its characters were seen. */
enum state {
    BEGIN_VALUE,
    BEGIN_VALUE_OR_EMPTY,
    BEGIN_KEY,
    BEGIN_KEY_OR_EMPTY,
    END_VALUE,
    END_TOP,
    IN_STRING,
    IN_ESCAPE,
    IN_HEX,
    IN_LITERAL,
    MINUS,
    ZERO,
    INTEGER,
    POINT,
    FRACTION,
    EXPONENT,
    EXPONENT_SIGN,
    EXPONENT_DIGITS,
};

struct scanner {
    enum state state;
    size_t depth;
    uint64_t is_object[JSON_DEPTH_MAX / 64 + 1]; /* one bit a level: an object, else an array */
    bool in_key;                                 /* the string being read, or just read, is an object's key */
    unsigned seen;                               /* IN_HEX: digits; IN_LITERAL: characters */
    const char *literal;
    const char *error; /* what follows the quoted character */
    char literal_error[48];
};

static bool is_space(unsigned char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
static bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }

static bool is_hex(unsigned char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool fail(struct scanner *s, const char *error)
{
    s->error = error;
    return false;
}

static bool go(struct scanner *s, enum state state)
{
    s->state = state;
    return true;
}

static bool top_is_object(const struct scanner *s)
{
    size_t at = s->depth - 1;
    return s->is_object[at / 64] >> (at % 64) & 1;
}

static bool push(struct scanner *s, bool object)
{
    size_t at = s->depth;

    if (at == JSON_DEPTH_MAX)
        return fail(s, "exceeded max depth");
    s->is_object[at / 64] &= ~(UINT64_C(1) << (at % 64));
    s->is_object[at / 64] |= (uint64_t)object << (at % 64);
    s->depth++;
    return go(s, object ? BEGIN_KEY_OR_EMPTY : BEGIN_VALUE_OR_EMPTY);
}

static bool pop(struct scanner *s)
{
    s->depth--;
    s->in_key = false;
    return go(s, s->depth == 0 ? END_TOP : END_VALUE);
}

static bool begin_literal(struct scanner *s, const char *literal)
{
    s->literal = literal;
    s->seen = 1;
    return go(s, IN_LITERAL);
}

static bool begin_value(struct scanner *s, unsigned char c)
{
    s->in_key = false;
    switch (c) {
    case '{':
        return push(s, true);
    case '[':
        return push(s, false);
    case '"':
        return go(s, IN_STRING);
    case '-':
        return go(s, MINUS);
    case '0':
        return go(s, ZERO);
    case 't':
        return begin_literal(s, "true");
    case 'f':
        return begin_literal(s, "false");
    case 'n':
        return begin_literal(s, "null");
    default:
        return is_digit(c) ? go(s, INTEGER) : fail(s, "looking for beginning of value");
    }
}

static bool begin_key(struct scanner *s, unsigned char c)
{
    s->in_key = true;
    return c == '"' ? go(s, IN_STRING) : fail(s, "looking for beginning of object key string");
}

static bool end_value(struct scanner *s, unsigned char c)
{
    if (s->depth == 0)
        return is_space(c) ? go(s, END_TOP) : fail(s, "after top-level value");
    s->state = END_VALUE;
    if (is_space(c))
        return true;
    if (!top_is_object(s)) {
        if (c == ']')
            return pop(s);
        return c == ',' ? go(s, BEGIN_VALUE) : fail(s, "after array element");
    }
    if (s->in_key)
        return c == ':' ? go(s, BEGIN_VALUE) : fail(s, "after object key");
    if (c == '}')
        return pop(s);
    return c == ',' ? go(s, BEGIN_KEY) : fail(s, "after object key:value pair");
}

static bool in_escape(struct scanner *s, unsigned char c)
{
    s->seen = 0;
    if (c == 'u')
        return go(s, IN_HEX);
    if (c != 0 && strchr("bfnrt\\/\"", c))
        return go(s, IN_STRING);
    return fail(s, "in string escape code");
}

static bool in_literal(struct scanner *s, unsigned char c)
{
    if (c != (unsigned char)s->literal[s->seen]) {
        (void)snprintf(s->literal_error, sizeof(s->literal_error), "in literal %s (expecting '%c')", s->literal,
                       s->literal[s->seen]);
        return fail(s, s->literal_error);
    }
    return go(s, s->literal[++s->seen] ? IN_LITERAL : END_VALUE);
}

static bool in_number(struct scanner *s, unsigned char c)
{
    switch (s->state) {
    case MINUS:
        if (!is_digit(c))
            return fail(s, "in numeric literal");
        return go(s, c == '0' ? ZERO : INTEGER);
    case POINT:
        return is_digit(c) ? go(s, FRACTION) : fail(s, "after decimal point in numeric literal");
    case EXPONENT:
        if (c == '+' || c == '-')
            return go(s, EXPONENT_SIGN);
        return is_digit(c) ? go(s, EXPONENT_DIGITS) : fail(s, "in exponent of numeric literal");
    case EXPONENT_SIGN:
        return is_digit(c) ? go(s, EXPONENT_DIGITS) : fail(s, "in exponent of numeric literal");
    case EXPONENT_DIGITS:
        return is_digit(c) || end_value(s, c);
    default:
        break;
    }
    if (is_digit(c) && s->state != ZERO)
        return true;
    if (c == '.' && s->state != FRACTION)
        return go(s, POINT);
    return c == 'e' || c == 'E' ? go(s, EXPONENT) : end_value(s, c);
}

static bool step(struct scanner *s, unsigned char c)
{
    switch (s->state) {
    case BEGIN_VALUE_OR_EMPTY:
        if (c == ']')
            return pop(s);
        return is_space(c) || begin_value(s, c);
    case BEGIN_VALUE:
        return is_space(c) || begin_value(s, c);
    case BEGIN_KEY_OR_EMPTY:
        if (c == '}')
            return pop(s);
        return is_space(c) || begin_key(s, c);
    case BEGIN_KEY:
        return is_space(c) || begin_key(s, c);
    case END_VALUE:
    case END_TOP:
        return end_value(s, c);
    case IN_STRING:
        if (c == '"')
            return go(s, END_VALUE);
        if (c == '\\')
            return go(s, IN_ESCAPE);
        return c >= 0x20 || fail(s, "in string literal");
    case IN_ESCAPE:
        return in_escape(s, c);
    case IN_HEX:
        if (!is_hex(c))
            return fail(s, "in \\u hexadecimal character escape");
        return ++s->seen < 4 || go(s, IN_STRING);
    case IN_LITERAL:
        return in_literal(s, c);
    default:
        return in_number(s, c);
    }
}

/* The byte in single quotes as Go's strconv.Quote shows the code point of that number; `to` has room for 10. */
static void quote(char *to, unsigned char c)
{
    static const char named[] = "\aa\bb\ff\nn\rr\tt\vv\\\\''";

    for (size_t i = 0; i + 1 < sizeof(named); i += 2) {
        if ((unsigned char)named[i] == c) {
            (void)snprintf(to, 10, "'\\%c'", named[i + 1]);
            return;
        }
    }
    if (c < 0x20 || c == 0x7f)
        (void)snprintf(to, 10, "'\\x%02x'", c);
    else if (c < 0x7f)
        (void)snprintf(to, 10, "'%c'", c);
    else if (c <= 0xa0 || c == 0xad)
        (void)snprintf(to, 10, "'\\u%04x'", c);
    else
        (void)snprintf(to, 10, "'%c%c'", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
}

static int tell(const struct scanner *s, unsigned char c, char ret_error[JSON_ERROR_BYTES])
{
    char quoted[10];

    quote(quoted, c);
    (void)snprintf(ret_error, JSON_ERROR_BYTES, "invalid character %s %s", quoted, s->error);
    return GMQ_E_JSON;
}

int json_check(struct slice json, char ret_error[JSON_ERROR_BYTES])
{
    struct scanner s;

    s.state = BEGIN_VALUE;
    s.depth = 0;
    s.in_key = false;
    for (size_t i = 0; i < json.len; i++) {
        unsigned char c = (unsigned char)json.ptr[i];
        if (s.state == IN_STRING && c >= 0x20 && c != '"' && c != '\\')
            continue;
        if (!step(&s, c))
            return tell(&s, c, ret_error);
    }
    /* As Go does at the end: a blank ends a number, and is itself refused within a literal or a cut-off number. */
    if (s.state == END_TOP)
        return 0;
    if (!step(&s, ' '))
        return tell(&s, ' ', ret_error);
    if (s.state == END_TOP)
        return 0;
    (void)snprintf(ret_error, JSON_ERROR_BYTES, "%s", "unexpected end of JSON input");
    return GMQ_E_JSON;
}
