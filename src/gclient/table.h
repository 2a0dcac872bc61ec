/*
 * table.h - rows and columns for people
 *
 * What   Cells are added row by row, a text in its readable form. A column is as wide as its widest cell; the last one
 *        is not filled up. Widths are those of a terminal: two for wide letters, none for marks on letters.
 * Fails  Without memory, which shows at the end: so nothing between needs a look.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_TABLE_H
#define GMQ_GCLIENT_TABLE_H

#include "base/buf.h"

struct table_column {
    const char *title;
    bool right; /* numbers */
};

struct table_cell {
    size_t at, len; /* in `text` */
    size_t width;
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    struct table_cell *cells;
    size_t count, size;
    struct buf text;
    bool good;
};

/* `columns` must outlive the table. table_free() afterwards. */
void table_begin(struct table *table, const struct table_column *columns, size_t column_count);
void table_free(struct table *table);

/* The next cell. */
void table_text(struct table *table, struct slice text);
void table_number(struct table *table, uint64_t number);
void table_printf(struct table *table, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Rows that are whole. */
size_t table_rows(const struct table *table);

/*
 * Appends the titles (0) or a row (1..table_rows()) and no line break, cut off at `width` columns when that is not 0.
 */
NODISCARD bool table_line(const struct table *table, size_t row, size_t width, struct buf *out);

/* Prints the titles, bold where that is wanted, and all rows; frees the table. Returns an exit code. */
int table_print(struct table *table);

/* Columns that the text takes on a terminal. */
size_t table_width(struct slice text);

/* Bytes of the beginning of `text` that fit into `width` columns. */
size_t table_fit(struct slice text, size_t width);

#endif
