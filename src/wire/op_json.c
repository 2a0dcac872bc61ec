/* op_json.c - the table of operations as JSON, see op.h. SPDX-License-Identifier: MIT */
#include "wire/op.h"

#include "wire/json.h"

static bool put_text(struct buf *out, const char *name, const char *text)
{
    if (!text)
        return buf_printf(out, ",\"%s\":null", name);
    return buf_printf(out, ",\"%s\":", name) && json_append_string(out, slice_str(text));
}

static bool put_words(struct buf *out, const char *const *words)
{
    bool ok = buf_append_str(out, ",\"words\":[");

    for (size_t i = 0; ok && words[i]; i++)
        ok = (i == 0 || buf_append_str(out, ",")) && json_append_string(out, slice_str(words[i]));
    return ok && buf_append_str(out, "]");
}

static bool put_param(struct buf *out, const struct op_param *param)
{
    bool ranged = param->type == OP_INT || param->type == OP_STRING;

    return buf_append_str(out, "{\"name\":") && json_append_string(out, slice_str(param->name)) &&
           put_text(out, "type", op_type_word(param)) &&
           put_text(out, "in", param->where == OP_PATH ? "path" : param->where == OP_QUERY ? "query" : "body") &&
           buf_printf(out, ",\"required\":%s,\"http_only\":%s,\"nullable\":%s", param->required ? "true" : "false",
                      param->http_only ? "true" : "false", param->given ? "true" : "false") &&
           (!ranged || buf_printf(out, ",\"min\":%lld,\"max\":%lld", (long long)param->min, (long long)param->max)) &&
           (!param->words || put_words(out, param->words)) && put_text(out, "help", param->help) &&
           buf_append_str(out, "}");
}

static bool put_params(struct buf *out, const struct op_params *params, bool *comma)
{
    bool ok = true;

    for (size_t i = 0; ok && i < params->count; i++, *comma = true)
        ok = (!*comma || buf_append_str(out, ",\n    ")) && put_param(out, &params->list[i]);
    return ok;
}

static bool put_op(struct buf *out, const struct op *op)
{
    bool comma = false;

    return buf_append_str(out, "{\"name\":") && json_append_string(out, slice_str(op->name)) &&
           put_text(out, "method", op->method) && put_text(out, "path", op->path) &&
           buf_printf(out, ",\"status\":%u,\"octets\":%s", op->status, op->octets ? "true" : "false") &&
           put_text(out, "help", op->help) && buf_append_str(out, ",\"params\":[\n    ") &&
           put_params(out, &op->params, &comma) && (op->kind != CMD_PUT || put_params(out, &OP_PUT, &comma)) &&
           buf_append_str(out, "]}");
}

bool op_table_json(struct buf *out)
{
    bool ok = buf_append_str(out, "[");

    for (size_t i = 0; ok && i < OPS_COUNT; i++)
        ok = (i == 0 || buf_append_str(out, ",\n")) && put_op(out, &OPS[i]);
    return ok && buf_append_str(out, "]\n");
}
