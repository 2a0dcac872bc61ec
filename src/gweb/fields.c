/* fields.c - see fields.h. SPDX-License-Identifier: MIT */
#include "gweb/fields.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "wire/json_check.h"
#include "wire/json_tree.h"

enum { DEPTH_MAX = 4 };

static int refuse(struct fields *fields, const char *fmt, ...) PRINTF_LIKE(2, 3);
static int refuse(struct fields *fields, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(fields->error, sizeof(fields->error), fmt, args);
    va_end(args);
    return GMQ_E_VALUE;
}

static int read_text(struct fields *fields, const struct field *field, struct json_object *json,
                     struct field_value *value)
{
    if (json_object_get_type(json) != json_type_string)
        return refuse(fields, "%s must be a string", field->name);
    value->text = slice_of(json_object_get_string(json), (size_t)json_object_get_string_len(json));
    if ((int64_t)value->text.len < field->min || (int64_t)value->text.len > field->max)
        return refuse(fields, "%s must be %" PRId64 " to %" PRId64 " bytes", field->name, field->min, field->max);
    return 0;
}

static int read_number(struct fields *fields, const struct field *field, struct json_object *json,
                       struct field_value *value)
{
    if (json_object_get_type(json) != json_type_int)
        return refuse(fields, "%s must be an integer", field->name);
    value->number = json_object_get_int64(json);
    if (value->number < field->min || value->number > field->max)
        return refuse(fields, "%s must be %" PRId64 " to %" PRId64, field->name, field->min, field->max);
    return 0;
}

static int take(struct fields *fields, const struct field *list, size_t count, const char *name,
                struct json_object *json)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].name, name) != 0)
            continue;
        fields->values[i].given = true;
        return list[i].type == FIELD_TEXT ? read_text(fields, &list[i], json, &fields->values[i])
                                          : read_number(fields, &list[i], json, &fields->values[i]);
    }
    return refuse(fields, "there is a field that does not belong here");
}

static int take_all(struct fields *fields, const struct field *list, size_t count)
{
    int err = 0;

    json_object_object_foreach(fields->tree, name, json)
    {
        if (err == 0)
            err = take(fields, list, count, name, json);
    }
    for (size_t i = 0; err == 0 && i < count; i++)
        if (list[i].required && !fields->values[i].given)
            err = refuse(fields, "%s is missing", list[i].name);
    return err;
}

int fields_read(struct fields *fields, struct slice json, const struct field *list, size_t count)
{
    int err;

    static_assert((int)JSON_ERROR_BYTES <= (int)FIELDS_ERROR_BYTES, "an error of JSON has room");
    ENSURE(count <= FIELDS_MAX);
    *fields = (struct fields){.tree = NULL};
    if (json_check(json, fields->error) != 0)
        return GMQ_E_JSON;
    struct json_size size = json_tree_size(json);
    if (size.objects > 1 || size.values > FIELDS_MAX || size.has_nul)
        return refuse(fields, "the body must be one object of a few fields");
    fields->tree = json_tree_read(json, DEPTH_MAX, &err);
    if (err == -ENOMEM)
        return err;
    if (!fields->tree || json_object_get_type(fields->tree) != json_type_object)
        return refuse(fields, "the body must be one object, in UTF-8");
    if (!json_tree_has_members(fields->tree, size.members))
        return refuse(fields, "a field is given twice");
    return take_all(fields, list, count);
}

void fields_free(struct fields *fields)
{
    if (fields->tree)
        (void)json_object_put(fields->tree);
    fields->tree = NULL;
}
