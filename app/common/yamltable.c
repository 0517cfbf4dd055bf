/* libfyaml reads; this walks its tree along the tables. */
#include "common/yamltable.h"

#include <ctype.h>
#include <errno.h>
#include <libfyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "block/catalog.h"
#include "common/parse.h"

enum { KEY_BYTES = 256, SETS_MAX = 64, FIRST_BYTES = 1 << 14, FILE_BYTES_MAX = 1 << 24 };

struct tc_yaml {
    char *path;
    char *text; /* of the file; the document points into it */
    struct fy_document *document;
    struct fy_diag *diag;       /* what libfyaml has to say of it */
    const char *sets[SETS_MAX]; /* assignments, for the places of their values */
    size_t set_count;
};

/* ---- reading ---- */

static struct fy_diag *quiet_diag(void)
{
    struct fy_diag_cfg configuration;
    struct fy_diag *diag;

    fy_diag_cfg_default(&configuration);
    configuration.fp = NULL;
    diag = fy_diag_create(&configuration);
    if (diag != NULL)
        fy_diag_set_collect_errors(diag, true);
    return diag;
}

static enum tc_status parse_failure(const char *path, struct fy_diag *diag, struct tc_error *error)
{
    void *iterator = NULL;
    const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &iterator);

    if (first == NULL)
        return tc_fail(error, TC_USAGE, "%s: this is not YAML, or it is empty", path);
    return tc_fail(error, TC_USAGE, "%s:%d: this is not YAML: %s", path, first->line + 1,
                   first->msg);
}

/* The whole file into `text`; what is longer than a configuration ever is, is refused. */
static enum tc_status read_file(struct tc_yaml *yaml, size_t *length, struct tc_error *error)
{
    FILE *file = fopen(yaml->path, "rb");
    size_t capacity = FIRST_BYTES;
    size_t got = 0;

    *length = 0;
    if (file != NULL)
        do {
            char *grown = realloc(yaml->text, capacity);

            if (grown == NULL) {
                fclose(file);
                return tc_fail(error, TC_MEMORY, "no memory to read %s", yaml->path);
            }
            yaml->text = grown;
            got = fread(yaml->text + *length, 1, capacity - *length, file);
            *length += got;
            capacity *= 2;
        } while (got > 0 && *length <= FILE_BYTES_MAX);
    if (file == NULL || ferror(file)) {
        tc_fail(error, TC_USAGE, "%s: cannot be read: %s", yaml->path, strerror(errno));
        if (file != NULL)
            fclose(file);
        return TC_USAGE;
    }
    fclose(file);
    if (*length > FILE_BYTES_MAX)
        return tc_fail(error, TC_USAGE, "%s: is longer than %d bytes", yaml->path, FILE_BYTES_MAX);
    return TC_OK;
}

/*
 * The first byte that is no text; NULL where there is none. libfyaml takes bytes for text that are
 * none, and waits for ever for the end of some of them.
 */
static const uint8_t *find_no_text(const char *text, size_t length, int *line)
{
    const uint8_t *at = (const uint8_t *)text;

    *line = 1;
    while (length > 0) {
        bool blank = *at == '\n' || *at == '\t' || *at == '\r';
        size_t character = blank ? 1 : tc_utf8_character(at, length);

        if (character == 0)
            return at;
        *line += *at == '\n';
        at += character;
        length -= character;
    }
    return NULL;
}

static enum tc_status check_text(const struct tc_yaml *yaml, size_t length, struct tc_error *error)
{
    int line;
    const uint8_t *wrong = find_no_text(yaml->text, length, &line);

    if (wrong == NULL)
        return TC_OK;
    return tc_fail(error, TC_USAGE, "%s:%d: this is not text: byte 0x%02x, expected UTF-8",
                   yaml->path, line, *wrong);
}

static enum tc_status parse(struct tc_yaml *yaml, size_t length, struct tc_error *error)
{
    struct fy_parse_cfg configuration = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG};

    configuration.diag = yaml->diag = quiet_diag();
    if (yaml->diag == NULL)
        return tc_fail(error, TC_MEMORY, "no memory to read %s", yaml->path);
    yaml->document = fy_document_build_from_string(&configuration, yaml->text, length);
    if (yaml->document == NULL || fy_document_root(yaml->document) == NULL)
        return parse_failure(yaml->path, yaml->diag, error);
    return TC_OK;
}

enum tc_status tc_yaml_open(struct tc_yaml **opened, const char *path, struct tc_error *error)
{
    struct tc_yaml *yaml = calloc(1, sizeof *yaml);
    enum tc_status status = TC_OK;
    size_t length = 0;

    if (yaml == NULL || (yaml->path = strdup(path)) == NULL)
        status = tc_fail(error, TC_MEMORY, "no memory to read %s", path);
    if (status == TC_OK)
        status = read_file(yaml, &length, error);
    if (status == TC_OK)
        status = check_text(yaml, length, error);
    if (status == TC_OK)
        status = parse(yaml, length, error);
    if (status != TC_OK) {
        tc_yaml_close(yaml);
        return status;
    }
    *opened = yaml;
    return TC_OK;
}

void tc_yaml_close(struct tc_yaml *yaml)
{
    if (yaml == NULL)
        return;
    fy_document_destroy(yaml->document);
    fy_diag_destroy(yaml->diag);
    free(yaml->text);
    free(yaml->path);
    free(yaml);
}

/* ---- setting ---- */

/* The child of a node by key or index; NULL where there is none. */
static struct fy_node *child_of(struct fy_node *node, const char *name)
{
    char *end;
    long index;

    if (fy_node_is_mapping(node))
        return fy_node_mapping_lookup_value_by_simple_key(node, name, strlen(name));
    index = strtol(name, &end, 10);
    if (!fy_node_is_sequence(node) || end == name || *end != '\0' || index < 0)
        return NULL;
    return fy_node_sequence_get_by_index(node, (int)index);
}

/* Puts a value under a name; where that cannot be, the value remains the caller's. */
static bool put_child(struct tc_yaml *yaml, struct fy_node *parent, const char *name,
                      struct fy_node *value)
{
    struct fy_node *old = child_of(parent, name);
    struct fy_node *key;

    if (fy_node_is_mapping(parent)) {
        if (old != NULL) {
            struct fy_node_pair *pair = fy_node_mapping_lookup_pair_by_string(parent, name,
                                                                              strlen(name));

            return pair != NULL && fy_node_pair_set_value(pair, value) == 0;
        }
        key = fy_node_create_scalar_copy(yaml->document, name, FY_NT);
        if (key != NULL && fy_node_mapping_append(parent, key, value) == 0)
            return true;
        fy_node_free(key);
        return false;
    }
    if (old == NULL || fy_node_sequence_insert_before(parent, old, value) != 0)
        return false;
    fy_node_free(fy_node_sequence_remove(parent, old));
    return true;
}

/* The child of a node; a mapping that is not there is made, as for a key left to its default. */
static struct fy_node *enter_child(struct tc_yaml *yaml, struct fy_node *node, const char *name)
{
    struct fy_node *child = child_of(node, name);

    if (child != NULL || !fy_node_is_mapping(node))
        return child;
    child = fy_node_create_mapping(yaml->document);
    if (child != NULL && !put_child(yaml, node, name, child)) {
        fy_node_free(child);
        return NULL;
    }
    return child;
}

enum tc_status tc_yaml_set(struct tc_yaml *yaml, const char *assignment, struct tc_error *error)
{
    const char *equals = strchr(assignment, '=');
    struct fy_node *parent = fy_document_root(yaml->document);
    struct fy_node *value;
    char path[KEY_BYTES];
    char *name = path;
    char *dot;
    int line;

    if (find_no_text(assignment, strlen(assignment), &line) != NULL)
        return tc_fail(error, TC_USAGE, "--set '%s': this is not text, expected UTF-8", assignment);
    if (equals == NULL || equals == assignment || (size_t)(equals - assignment) >= sizeof path ||
        yaml->set_count == SETS_MAX)
        return tc_fail(error, TC_USAGE, "--set '%s': expected PATH=VALUE, as in name=ny4",
                       assignment);
    memcpy(path, assignment, (size_t)(equals - assignment));
    path[equals - assignment] = '\0';
    while ((dot = strchr(name, '.')) != NULL) {
        *dot = '\0';
        parent = enter_child(yaml, parent, name);
        if (parent == NULL)
            return tc_fail(error, TC_USAGE, "--set '%s': the file has no '%s'", assignment, path);
        *dot = '.';
        name = dot + 1;
    }
    value = fy_node_build_from_string(yaml->document, equals + 1, FY_NT);
    if (value == NULL || !put_child(yaml, parent, name, value)) {
        fy_node_free(value);
        return tc_fail(error, TC_USAGE, "--set '%s': this value cannot stand there", assignment);
    }
    yaml->sets[yaml->set_count++] = assignment;
    return TC_OK;
}

/* ---- filling ---- */

/* The assignment that a key's value comes from, or NULL. */
static const char *set_of(const struct tc_yaml *yaml, const char *key)
{
    for (size_t i = yaml->set_count; i > 0; i--) {
        size_t length = strcspn(yaml->sets[i - 1], "=");

        if (strncmp(yaml->sets[i - 1], key, length) == 0 &&
            (key[length] == '\0' || key[length] == '.'))
            return yaml->sets[i - 1];
    }
    return NULL;
}

/* The assignment whose path leads through a key, and so may have made it; or NULL. */
static const char *set_through(const struct tc_yaml *yaml, const char *key)
{
    size_t length = strlen(key);

    for (size_t i = yaml->set_count; i > 0; i--)
        if (strncmp(yaml->sets[i - 1], key, length) == 0 && yaml->sets[i - 1][length] == '.')
            return yaml->sets[i - 1];
    return NULL;
}

/* Line of a node, from 1: its own where it is a word, else that of its first word; 0: nowhere. */
static int line_of(struct fy_node *node)
{
    while (node != NULL && !fy_node_is_scalar(node)) {
        if (fy_node_is_mapping(node)) {
            struct fy_node_pair *first = fy_node_mapping_get_by_index(node, 0);

            node = first != NULL ? fy_node_pair_key(first) : NULL;
        } else {
            node = fy_node_sequence_get_by_index(node, 0);
        }
    }
    if (node != NULL && fy_node_get_scalar_token(node) != NULL) {
        const struct fy_mark *mark = fy_token_start_mark(fy_node_get_scalar_token(node));

        return mark != NULL ? mark->line + 1 : 0;
    }
    return 0;
}

/* One walk over the document. */
struct filling {
    const struct tc_yaml *yaml;
    struct tc_arena *arena;
    struct tc_error *error;
    int line;            /* of the key that was met last */
    char key[KEY_BYTES]; /* dot path of where the walk is */
};

/* `set`: the assignment that is to blame, or NULL. */
static enum tc_status refuse_set(const struct filling *filling, struct fy_node *node,
                                 enum tc_status status, const char *set, const char *sentence)
{
    const char *key = filling->key[0] != '\0' ? filling->key : "the file";
    int line = line_of(node);

    if (set != NULL)
        return tc_fail(filling->error, status, "--set '%s': %s: %s", set, key, sentence);
    return tc_fail(filling->error, status, "%s:%d: %s: %s", filling->yaml->path,
                   line != 0 ? line : filling->line, key, sentence);
}

static enum tc_status refuse(const struct filling *filling, struct fy_node *node,
                             enum tc_status status, const char *sentence)
{
    return refuse_set(filling, node, status, set_of(filling->yaml, filling->key), sentence);
}

/* Appends to the dot path; answers its old length, for leave_key. */
static size_t enter_key(struct filling *filling, const char *name)
{
    size_t length = strlen(filling->key);

    snprintf(filling->key + length, sizeof filling->key - length, "%s%s", length > 0 ? "." : "",
             name);
    return length;
}

static void leave_key(struct filling *filling, size_t length)
{
    filling->key[length] = '\0';
}

static enum tc_status fill_map(struct filling *filling, struct fy_node *node,
                               const struct tc_yaml_key *keys, void *into);

static enum tc_status fill_word(struct filling *filling, struct fy_node *node,
                                const struct tc_yaml_key *key, void *target)
{
    struct tc_error detail = {0};
    const char *word;
    enum tc_status status;

    if (!fy_node_is_scalar(node) || (word = fy_node_get_scalar0(node)) == NULL)
        return refuse(filling, node, TC_USAGE, "expected one value");
    status = key->take(target, word, key->detail, filling->arena, &detail);
    return status == TC_OK ? TC_OK : refuse(filling, node, status, detail.text);
}

/* One item of a list. */
static enum tc_status fill_item(struct filling *filling, struct fy_node *node,
                                const struct tc_yaml_key *key, void *item)
{
    if (key->kind == TC_YAML_WORDS)
        return fill_word(filling, node, key, item);
    if (key->item_default != NULL)
        memcpy(item, key->item_default, key->item_bytes);
    ((struct tc_yaml_mark *)item)->line = line_of(node);
    return fill_map(filling, node, key->keys, item);
}

static enum tc_status fill_list(struct filling *filling, struct fy_node *node,
                                const struct tc_yaml_key *key, struct tc_yaml_list *list)
{
    size_t count;
    char sentence[80];

    if (!fy_node_is_sequence(node))
        return refuse(filling, node, TC_USAGE, "expected a list, as in [a, b]");
    count = (size_t)fy_node_sequence_item_count(node);
    if (count < key->least) {
        snprintf(sentence, sizeof sentence, "expected a list of at least %zu", key->least);
        return refuse(filling, node, TC_USAGE, sentence);
    }
    list->count = count;
    list->items = tc_arena_take(filling->arena, (count + 1) * key->item_bytes);
    if (list->items == NULL)
        return refuse(filling, node, TC_MEMORY, "no memory for the list");
    for (size_t i = 0; i < count; i++) {
        char index[24];
        size_t length;
        enum tc_status status;

        snprintf(index, sizeof index, "%zu", i);
        length = enter_key(filling, index);
        status = fill_item(filling, fy_node_sequence_get_by_index(node, (int)i), key,
                           (char *)list->items + i * key->item_bytes);
        if (status != TC_OK)
            return status;
        leave_key(filling, length);
    }
    return TC_OK;
}

static enum tc_status fill_key(struct filling *filling, struct fy_node *node,
                               const struct tc_yaml_key *key, void *into)
{
    void *member = (char *)into + key->offset;

    switch (key->kind) {
    case TC_YAML_WORD: return fill_word(filling, node, key, member);
    case TC_YAML_MAP: return fill_map(filling, node, key->keys, into);
    case TC_YAML_WORDS:
    case TC_YAML_MAPS: return fill_list(filling, node, key, member);
    }
    return TC_OK;
}

static const struct tc_yaml_key *find_key(const struct tc_yaml_key *keys, const char *name)
{
    for (; keys->name != NULL; keys++)
        if (strcmp(keys->name, name) == 0)
            return keys;
    return NULL;
}

static enum tc_status refuse_unknown(struct filling *filling, struct fy_node *node,
                                     const struct tc_yaml_key *keys)
{
    char sentence[TC_ERROR_BYTES / 2] = "unknown key, expected one of";
    const char *set = set_of(filling->yaml, filling->key);
    size_t length = strlen(sentence);

    if (set == NULL)
        set = set_through(filling->yaml, filling->key);
    if (keys->name == NULL)
        return refuse_set(filling, node, TC_USAGE, set, "this is not supported yet");
    for (; keys->name != NULL && length < sizeof sentence; keys++)
        length += (size_t)snprintf(sentence + length, sizeof sentence - length, " %s%s", keys->name,
                                   keys[1].name != NULL ? "," : "");
    return refuse_set(filling, node, TC_USAGE, set, sentence);
}

static enum tc_status check_required(struct filling *filling, struct fy_node *node,
                                     const struct tc_yaml_key *keys)
{
    for (; keys->name != NULL; keys++) {
        char sentence[80];

        if (!keys->required || fy_node_mapping_lookup_value_by_simple_key(
                                   node, keys->name, strlen(keys->name)) != NULL)
            continue;
        snprintf(sentence, sizeof sentence, "the key %s is missing", keys->name);
        return refuse(filling, node, TC_USAGE, sentence);
    }
    return TC_OK;
}

static enum tc_status fill_map(struct filling *filling, struct fy_node *node,
                               const struct tc_yaml_key *keys, void *into)
{
    struct fy_node_pair *pair;
    void *iterator = NULL;

    if (!fy_node_is_mapping(node))
        return refuse(filling, node, TC_USAGE, "expected a mapping, as in key: value");
    while ((pair = fy_node_mapping_iterate(node, &iterator)) != NULL) {
        struct fy_node *name_node = fy_node_pair_key(pair);
        const char *name = fy_node_get_scalar0(name_node);
        const struct tc_yaml_key *key = find_key(keys, name != NULL ? name : "");
        size_t length = enter_key(filling, name != NULL ? name : "?");
        enum tc_status status;

        filling->line = line_of(name_node);
        if (key == NULL)
            return refuse_unknown(filling, name_node, keys);
        if (fy_node_pair_value(pair) == NULL)
            return refuse(filling, name_node, TC_USAGE, "it has no value");
        status = fill_key(filling, fy_node_pair_value(pair), key, into);
        if (status != TC_OK)
            return status;
        leave_key(filling, length);
    }
    return check_required(filling, node, keys);
}

enum tc_status tc_yaml_fill(struct tc_yaml *yaml, const struct tc_yaml_key *keys, void *into,
                            struct tc_arena *arena, struct tc_error *error)
{
    struct filling filling = {.yaml = yaml, .arena = arena, .error = error};

    return fill_map(&filling, fy_document_root(yaml->document), keys, into);
}

enum tc_status tc_yaml_refuse(const struct tc_yaml *yaml, struct tc_yaml_mark mark,
                              struct tc_error *error, const char *format, ...)
{
    char sentence[TC_ERROR_BYTES / 2];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    if (mark.line == 0)
        return tc_fail(error, TC_USAGE, "%s: %s", yaml->path, sentence);
    return tc_fail(error, TC_USAGE, "%s:%d: %s", yaml->path, mark.line, sentence);
}

/* The node at a dot path, or NULL. */
static struct fy_node *node_at(const struct tc_yaml *yaml, const char *key)
{
    struct fy_node *node = fy_document_root(yaml->document);
    char path[KEY_BYTES];
    char *rest = path;

    snprintf(path, sizeof path, "%s", key);
    while (node != NULL && rest != NULL)
        node = child_of(node, strsep(&rest, "."));
    return node;
}

enum tc_status tc_yaml_refuse_keys(const struct tc_yaml *yaml, const char *const *keys,
                                   struct tc_error *error, const char *format, ...)
{
    char sentence[TC_ERROR_BYTES / 2];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    for (; *keys != NULL; keys++) {
        struct fy_node *node = node_at(yaml, *keys);
        const char *set = set_of(yaml, *keys);

        if (set != NULL)
            return tc_fail(error, TC_USAGE, "--set '%s': %s", set, sentence);
        if (node != NULL)
            return tc_fail(error, TC_USAGE, "%s:%d: %s", yaml->path, line_of(node), sentence);
    }
    return tc_fail(error, TC_USAGE, "%s: %s", yaml->path, sentence);
}

/* ---- takes ---- */

enum tc_status tc_take_name(void *target, const char *word, const void *detail,
                            struct tc_arena *arena, struct tc_error *error)
{
    size_t length = strlen(word);

    (void)detail;
    (void)arena;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)word[i]) && strchr("._-", word[i]) == NULL)
            length = 0;
    if (length == 0 || length >= TC_NAME_BYTES || word[0] == '.')
        return tc_fail(error, TC_USAGE,
                       "'%.80s' is not a name: expected 1 to %d letters, digits, dots, dashes or "
                       "underscores",
                       word, TC_NAME_BYTES - 1);
    memcpy(target, word, length + 1);
    return TC_OK;
}

enum tc_status tc_take_text(void *target, const char *word, const void *detail,
                            struct tc_arena *arena, struct tc_error *error)
{
    const struct tc_take_text *text = detail;
    size_t length = strlen(word);

    (void)arena;
    if (!tc_utf8_is_text((const uint8_t *)word, length))
        return tc_fail(error, TC_USAGE, "there is a control character in it");
    if (length == 0 || length >= text->size)
        return tc_fail(error, TC_USAGE, "'%.80s' is %s: expected 1 to %zu characters", word,
                       length == 0 ? "empty" : "too long", text->size - 1);
    memcpy(target, word, length + 1);
    return TC_OK;
}

enum tc_status tc_take_uint(void *target, const char *word, const void *detail,
                            struct tc_arena *arena, struct tc_error *error)
{
    const struct tc_take_range *range = detail;

    (void)arena;
    return tc_parse_uint(word, range->lowest, range->highest, target, error);
}

enum tc_status tc_take_bytes(void *target, const char *word, const void *detail,
                             struct tc_arena *arena, struct tc_error *error)
{
    const struct tc_take_range *range = detail;
    uint64_t *bytes = target;
    enum tc_status status = tc_parse_bytes(word, bytes, error);

    (void)arena;
    if (status == TC_OK && (*bytes < range->lowest || *bytes > range->highest))
        return tc_fail(error, TC_USAGE, "'%s' is out of range: expected %lu to %lu bytes", word,
                       range->lowest, range->highest);
    return status;
}

enum tc_status tc_take_duration(void *target, const char *word, const void *detail,
                                struct tc_arena *arena, struct tc_error *error)
{
    const struct tc_take_range *range = detail;
    uint64_t *duration_ns = target;
    enum tc_status status = tc_parse_duration(word, duration_ns, error);

    (void)arena;
    if (status == TC_OK && (*duration_ns < range->lowest || *duration_ns > range->highest))
        return tc_fail(error, TC_USAGE, "'%s' is out of range: expected %luns to %luns", word,
                       range->lowest, range->highest);
    return status;
}

enum tc_status tc_take_bool(void *target, const char *word, const void *detail,
                            struct tc_arena *arena, struct tc_error *error)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

    (void)detail;
    (void)arena;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(word, words[i]) == 0) {
            *(bool *)target = i % 2 == 1;
            return TC_OK;
        }
    return tc_fail(error, TC_USAGE, "'%.80s' is neither true nor false", word);
}

enum tc_status tc_take_choice(void *target, const char *word, const void *detail,
                              struct tc_arena *arena, struct tc_error *error)
{
    const struct tc_take_choice *choice = detail;
    char list[120] = "";

    (void)arena;
    for (int i = 0; choice->words[i] != NULL; i++) {
        size_t length = strlen(list);

        if (strcmp(word, choice->words[i]) == 0) {
            *(int *)target = i;
            return TC_OK;
        }
        snprintf(list + length, sizeof list - length, "%s%s", i > 0 ? ", " : "", choice->words[i]);
    }
    for (int i = 0; choice->planned != NULL && choice->planned[i] != NULL; i++)
        if (strcmp(word, choice->planned[i]) == 0)
            return tc_fail(error, TC_USAGE, "'%s' is not supported yet, expected %s", word, list);
    return tc_fail(error, TC_USAGE, "'%.80s' is not known, expected one of: %s", word, list);
}

enum tc_status tc_take_only(void *target, const char *word, const void *detail,
                            struct tc_arena *arena, struct tc_error *error)
{
    (void)target;
    (void)arena;
    if (strcmp(word, detail) != 0)
        return tc_fail(error, TC_USAGE, "'%.80s' is not supported yet, expected %s", word,
                       (const char *)detail);
    return TC_OK;
}
