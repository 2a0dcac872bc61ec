/* table.c - see table.h. SPDX-License-Identifier: MIT */
#include "gclient/table.h"

#include "base/utf8.h"
#include "gclient/out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { TABLE_BYTES_MAX = 1 << 30, CELL_BYTES_MAX = 256, GAP = 2 };

static size_t width_of(uint32_t code_point)
{
    static const struct {
        uint32_t first, last;
        size_t width;
    } ranges[] = {{0x300, 0x36f, 0},   {0x1100, 0x115f, 2}, {0x200b, 0x200d, 0}, {0x20d0, 0x20ff, 0},
                  {0x2e80, 0x303e, 2}, {0x3041, 0xa4cf, 2}, {0xac00, 0xd7a3, 2}, {0xf900, 0xfaff, 2},
                  {0xfe00, 0xfe0f, 0}, {0xfe30, 0xfe6f, 2}, {0xff00, 0xff60, 2}, {0xffe0, 0xffe6, 2},
                  {0x1f300, 0x1f64f, 2}, {0x1f680, 0x1f6ff, 2}, {0x1f900, 0x1f9ff, 2}, {0x20000, 0x3fffd, 2}};

    for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
        if (code_point >= ranges[i].first && code_point <= ranges[i].last)
            return ranges[i].width;
    return 1;
}

/* Walks over the text until `width` is full; returns the bytes and the columns that they take. */
static size_t walk(struct slice text, size_t width, size_t *ret_columns)
{
    size_t at = 0, columns = 0;
    uint32_t code_point;

    while (at < text.len) {
        unsigned len = utf8_next(text.ptr + at, text.len - at, &code_point);
        size_t more = len > 0 ? width_of(code_point) : 1;
        if (more > width - columns)
            break;
        columns += more;
        at += len > 0 ? len : 1;
    }
    *ret_columns = columns;
    return at;
}

size_t table_width(struct slice text)
{
    size_t columns;

    (void)walk(text, SIZE_MAX, &columns);
    return columns;
}

size_t table_fit(struct slice text, size_t width)
{
    size_t columns;

    return walk(text, width, &columns);
}

void table_begin(struct table *table, const struct table_column *columns, size_t column_count)
{
    *table = (struct table){.columns = columns, .column_count = column_count, .good = true};
    buf_init(&table->text, TABLE_BYTES_MAX);
}

void table_free(struct table *table)
{
    free(table->cells);
    table->cells = NULL;
    buf_free(&table->text);
}

/* The cell that ends at the end of the texts and began at `at`. */
static void add_cell(struct table *table, size_t at, bool made)
{
    if (made && table->count == table->size) {
        size_t size = table->size > 0 ? table->size * 2 : 64;
        struct table_cell *cells = realloc(table->cells, size * sizeof(*cells));
        made = cells != NULL;
        table->cells = made ? cells : table->cells;
        table->size = made ? size : table->size;
    }
    table->good = table->good && made;
    if (!table->good)
        return;
    size_t len = buf_len(&table->text) - at;
    struct slice text = slice_of(len > 0 ? buf_data(&table->text) + at : "", len);
    table->cells[table->count++] = (struct table_cell){.at = at, .len = len, .width = table_width(text)};
}

void table_text(struct table *table, struct slice text)
{
    size_t at = buf_len(&table->text);

    add_cell(table, at, table->good && out_append_readable(&table->text, text));
}

void table_number(struct table *table, uint64_t number) { table_printf(table, "%" PRIu64, number); }

void table_printf(struct table *table, const char *fmt, ...)
{
    char cell[CELL_BYTES_MAX];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(cell, sizeof(cell), fmt, ap);
    va_end(ap);
    table_text(table, slice_str(cell));
}

size_t table_rows(const struct table *table) { return table->count / table->column_count; }

static size_t column_width(const struct table *table, size_t column)
{
    size_t width = strlen(table->columns[column].title);

    for (size_t i = column; i < table->count; i += table->column_count)
        width = max_u64(width, table->cells[i].width);
    return width;
}

bool table_line(const struct table *table, size_t row, size_t width, struct buf *out)
{
    size_t start = buf_len(out);
    bool fits = table->good;

    for (size_t i = 0; i < table->column_count && fits; i++) {
        const struct table_column *column = &table->columns[i];
        struct slice text = slice_str(column->title);
        size_t wide = strlen(column->title);
        if (row > 0) {
            const struct table_cell *cell = &table->cells[(row - 1) * table->column_count + i];
            text = slice_of(table->text.ptr ? table->text.ptr + table->text.head + cell->at : "", cell->len);
            wide = cell->width;
        }
        size_t fill = column_width(table, i) - wide;
        bool last = i + 1 == table->column_count;
        fits = buf_printf(out, "%*s", column->right ? (int)fill : 0, "") && buf_append(out, text.ptr, text.len) &&
               buf_printf(out, "%*s", (column->right || last ? 0 : (int)fill) + (last ? 0 : GAP), "");
    }
    if (fits && width > 0 && buf_len(out) > start)
        buf_cut(out, start + table_fit(slice_of(buf_data(out) + start, buf_len(out) - start), width));
    /* Nothing is at the end but what fills. */
    while (fits && buf_len(out) > start && buf_data(out)[buf_len(out) - 1] == ' ')
        buf_cut(out, buf_len(out) - 1);
    return fits;
}

int table_print(struct table *table)
{
    struct buf line;
    bool fits = true;

    for (size_t row = 0; row <= table_rows(table) && fits; row++) {
        buf_init(&line, TABLE_BYTES_MAX);
        fits = buf_append_str(&line, row == 0 ? out_bold(true) : "") && table_line(table, row, 0, &line) &&
               buf_append_str(&line, row == 0 ? out_bold(false) : "");
        fits = out_line(&line, fits);
    }
    table_free(table);
    return fits ? EXIT_OK : out_error(EXIT_FAILED, "standard output cannot be written");
}
