/*
 * text.h - text that comes from outside: is it UTF-8, how may it be shown, does it hold a secret.
 */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"

/* Strict: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool text_is_utf8(const char *s, size_t len);
/*
 * Length in bytes of the UTF-8 character at s (1 to 4), its code point in *cp_out; 0 if the byte
 * at s does not begin one.
 */
size_t text_utf8_char(const char *s, size_t len, uint32_t *cp_out);
/* C0, DEL, C1, U+2028/2029 and the bidirectional controls: never sent to a terminal. */
bool text_is_control(uint32_t cp);
/* Append s with such characters shown as \x1b, \u202e and the like; newline and tab stay. */
void text_add_visible(struct buf *out, const char *s, size_t len);
/* The same on one line: newline and tab are escaped too. */
void text_add_line(struct buf *out, const char *s, size_t len);
/* Append s as one word of a shell command that a person may copy: in single quotes. */
void text_add_quoted(struct buf *out, const char *s);
/* Columns that it takes on a terminal: of what text_add_line() appends. */
size_t text_width(const char *s, size_t len);
/* Longest prefix of at most `max` bytes that does not cut a character. */
size_t text_cut(const char *s, size_t len, size_t max);

/*
 * How many letters are wrong, missing or too many (Levenshtein's distance), without regard to case;
 * SIZE_MAX for words longer than 63 bytes, which nobody mistypes.
 */
size_t text_distance(const char *a, const char *b);

/*
 * Where something shaped like a token, a private key or a URL with a password begins
 * (its length in *len_out), or NULL. Of a URL the user info alone is the secret. Shapes, not
 * guesses of entropy: see text_secret.c.
 */
const char *text_find_secret(const char *s, size_t len, size_t *len_out);
/* Append s with every such thing replaced by "[removed]". */
void text_add_scrubbed(struct buf *out, const char *s, size_t len);

#endif
