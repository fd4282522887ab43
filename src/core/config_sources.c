#include <sys/stat.h>

#include "core/config_kept.h"
#include "core/config_parts.h"
#include "core/fs.h"
#include "core/owner.h"
#include "core/paths.h"
#include "core/text.h"

#define UNKNOWN_MAX 10

/* A place that settings come from, while it is read. */
struct source {
	struct config *config;
	const struct config_sources *sources;
	enum config_level level;
	const char *name; /* for messages */
	const char *exposed; /* why others may read it; NULL: they may not */
	unsigned unknown;
	struct buf ignored, credentials, other_branch, old; /* lists of 'keys', one warning each */
};

#define SOURCE_LISTS                                                                               \
	.ignored = BUF_INIT, .credentials = BUF_INIT, .other_branch = BUF_INIT, .old = BUF_INIT

static int warn(const struct source *s, const struct buf *text, struct error *err)
{
	int r = buf_check(text, err);

	if (!r && s->sources->warn)
		s->sources->warn(s->sources->warn_arg, text->data);
	return r;
}

/* "<before><list><after>", if the list has anything in it. */
static int warn_list(const struct source *s, const char *before, const struct buf *list,
	const char *after, struct error *err)
{
	struct buf text = BUF_INIT;
	int r;

	if (!list->len && !list->failed)
		return 0;
	buf_addf(&text, "%s: %s", s->name, before);
	buf_add(&text, list->data, list->len);
	buf_adds(&text, after);
	text.failed |= list->failed;
	r = warn(s, &text, err);
	buf_release(&text);
	return r;
}

static void list_add(struct buf *list, const char *key, const char *now)
{
	buf_addf(list, "%s'%s'", list->len ? ", " : "", key);
	if (now)
		buf_addf(list, " is now '%s'", now);
}

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && !strcmp(text + len - n, end);
}

static int warn_source(const struct source *s, struct error *err)
{
	struct buf text = BUF_INIT;
	int r = warn_list(s, "ignored ", &s->ignored,
		": a repository's file cannot choose where data goes or what is run; to review and "
		"trust it: minsky trust",
		err);

	if (!r && s->exposed) {
		buf_addf(&text, ": %s", s->exposed);
		r = buf_check(&text, err);
		if (!r)
			r = warn_list(s, "ignored ", &s->credentials, text.data, err);
		buf_clear(&text);
	}
	if (!r && s->sources->kept) {
		const char *branch = config_kept_branch(s->sources->kept);

		buf_adds(&text, ": the store is determined by branch '");
		text_add_line(&text, branch, strlen(branch));
		buf_adds(&text, "'; to use this branch: minsky trust");
		r = buf_check(&text, err);
		if (!r)
			r = warn_list(s, "ignored ", &s->other_branch, text.data, err);
		buf_clear(&text);
	}
	if (!r)
		r = warn_list(s, "old name: ", &s->old, "", err);
	if (!r && s->unknown > UNKNOWN_MAX) {
		buf_addf(&text, "%s: %u more unknown keys", s->name, s->unknown - UNKNOWN_MAX);
		r = warn(s, &text, err);
	}
	buf_release(&text);
	return r;
}

static void source_release(struct source *s)
{
	buf_release(&s->ignored);
	buf_release(&s->credentials);
	buf_release(&s->other_branch);
	buf_release(&s->old);
}

static int warn_unknown(
	struct source *s, const struct config_node *node, const char *name, struct error *err)
{
	const char *nearest = config_key_nearest(name);
	struct config_note n = {
		.kind = CONFIG_NOTE_UNKNOWN,
		.level = s->level,
		.name = (char *)node->path,
		.value = buf_empty,
	};
	struct buf text = BUF_INIT;
	int r;

	if (s->unknown++ >= UNKNOWN_MAX)
		return 0;
	buf_addf(&text, "%s:%zu", s->name, node->line);
	r = buf_check(&text, err);
	n.origin = text.data;
	if (!r)
		r = config_add_note(s->config, &n, err);
	if (r)
		goto out;
	buf_clear(&text);
	buf_addf(&text, "%s:%zu:%zu: unknown key '", s->name, node->line, node->column);
	text_add_line(&text, node->path, text_cut(node->path, strlen(node->path), 200));
	buf_addch(&text, '\'');
	if (nearest)
		buf_addf(&text, "; did you mean '%s'?", nearest);
	r = warn(s, &text, err);
out:
	buf_release(&text);
	return r;
}

static int fail_shape(
	const struct source *s, const struct config_node *node, const char *what, struct error *err)
{
	return error_set(err, ERR_USAGE, "%s:%zu:%zu: '%s' %s", s->name, node->line, node->column,
		node->path, what);
}

static int take_word(struct source *s, struct config_word *w, struct error *err)
{
	const struct config_key *key = &config_keys[w->key];
	const struct config_kept *kept = s->sources->kept;
	bool taken = true;
	int r = 0;

	if (s->exposed && config_is_credential(key, w->raw)) {
		list_add(&s->credentials, w->name, NULL);
		return config_note_word(s->config, CONFIG_NOTE_EXPOSED, w, err);
	}
	if (w->level != CONFIG_REPOSITORY)
		return config_set_word(s->config, w, err);
	if (kept && config_word_is_kept(w) &&
		(!kept->raw[w->key] || strcmp(kept->raw[w->key], w->raw) != 0)) {
		list_add(&s->other_branch, w->name, NULL);
		return config_note_word(s->config, CONFIG_NOTE_BRANCH, w, err);
	}
	r = config_word_is_trusted(s->sources, w, &taken, err);
	if (!r && !taken) {
		list_add(&s->ignored, w->name, NULL);
		return config_note_word(s->config, CONFIG_NOTE_UNTRUSTED, w, err);
	}
	if (!r)
		r = config_remember_word(s->config, w, err);
	if (!r)
		r = config_set_word(s->config, w, err);
	return r;
}

/*
 * In the user's file, "repositories: {NAME: {...}}" speaks of one repository. *name_out is the key
 * below that, NULL when there is none to look at; *ours_out whether it is this repository.
 */
static int look_below(struct source *s, const struct config_node *node, const char **name_out,
	bool *ours_out, struct error *err)
{
	static const char top[] = "repositories";
	const char *name = node->path + sizeof(top);

	*name_out = node->path;
	*ours_out = false;
	if (s->level != CONFIG_USER || strncmp(node->path, top, sizeof(top) - 1) != 0 ||
		(node->path[sizeof(top) - 1] && !node->second))
		return 0;
	if (node->path[sizeof(top) - 1] && node->path[sizeof(top) - 1] != '.')
		return 0;
	if (!node->path[sizeof(top) - 1] || !node->path[node->second]) {
		*name_out = NULL;
		return node->kind == CONFIG_NODE_SECTION || node->kind == CONFIG_NODE_NULL
			? 0
			: fail_shape(s, node, "has keys below it, not a value", err);
	}
	for (const char *const *p = s->sources->repository_names; p && *p && !*ours_out; p++)
		*ours_out = strlen(*p) == node->second - sizeof(top) &&
			!strncmp(*p, name, node->second - sizeof(top));
	*name_out = node->path + node->second + 1;
	return 0;
}

static int on_node(void *arg, const struct config_node *node, struct error *err)
{
	struct source *s = arg;
	const char *now, *name = NULL;
	struct buf origin = BUF_INIT;
	struct config_word w = { .level = s->level, .raw = node->value };
	bool ours;
	int r;

	if (node->kind == CONFIG_NODE_END)
		return 0;
	r = look_below(s, node, &name, &ours, err);
	if (r < 0 || !name)
		return r;
	now = config_key_of_old(config_old_keys, name);
	w.key = config_key_find(now ? now : name);
	w.name = name;
	w.old = now != NULL;
	if (w.key == SIZE_MAX && config_key_is_section(name)) {
		if (node->kind == CONFIG_NODE_SECTION || node->kind == CONFIG_NODE_NULL)
			return 0;
		return fail_shape(s, node, "has keys below it, not a value", err);
	}
	if (w.key == SIZE_MAX)
		return node->kind == CONFIG_NODE_SECTION ? 0 : warn_unknown(s, node, name, err);
	if (node->kind == CONFIG_NODE_NULL)
		return 0;
	if (node->kind != CONFIG_NODE_TEXT)
		return fail_shape(s, node, "must be a single value", err);
	if (name != node->path && !ours)
		return 0;
	if (name != node->path)
		w.level = CONFIG_OVERRIDE;
	if (now)
		if (!ends_in(node->path, ".connectionString")) /* as good a spelling as ours */
			list_add(&s->old, node->path, now);
	buf_addf(&origin, "%s:%zu", s->name, node->line);
	r = buf_check(&origin, err);
	w.origin = origin.data;
	if (!r)
		r = take_word(s, &w, err);
	buf_release(&origin);
	return r;
}

static int load_text(struct config *c, const struct config_sources *sources,
	enum config_level level, const char *path, const char *text, size_t len,
	const char *exposed, struct error *err)
{
	struct buf name = BUF_INIT;
	struct source s = {
		.config = c,
		.sources = sources,
		.level = level,
		.exposed = exposed,
		SOURCE_LISTS,
	};
	int r;

	text_add_line(&name, path, strlen(path));
	r = buf_check(&name, err);
	s.name = name.data;
	if (!r)
		r = config_yaml_walk(name.data, text, len, on_node, &s, err);
	if (!r)
		r = warn_source(&s, err);
	source_release(&s);
	buf_release(&name);
	return r;
}

static int load_file(struct config *c, const struct config_sources *sources,
	enum config_level level, const char *path, struct error *err)
{
	struct buf text = BUF_INIT;
	struct stat st;
	/* The user's file says what runs; what is in a repository's is for `minsky trust`. */
	int r = level == CONFIG_USER ? owner_check(path, err) : 0;

	if (r == 0)
		r = fs_read(path, CONFIG_MAX_FILE, &text, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	} else if (r == ERR_CORRUPT) {
		/* Too large is a mistake in what the user wrote, no damage. */
		r = err->code = ERR_USAGE;
	} else if (!r) {
		bool open = stat(path, &st) != 0 || (st.st_mode & 0044);

		r = load_text(c, sources, level, path, text.data, text.len,
			open ? "others can read the file; run 'chmod 600' on it" : NULL, err);
	}
	buf_release(&text);
	return r;
}

static int load_user(struct config *c, const struct config_sources *sources, struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	if (sources->user_file)
		return load_file(c, sources, CONFIG_USER, sources->user_file, err);
	r = paths_config_file(&path, err);
	if (r == ERR_IO) {
		/* No home, so no file of the user's. */
		error_clear(err);
		r = 0;
	} else if (!r) {
		r = load_file(c, sources, CONFIG_USER, path.data, err);
	}
	buf_release(&path);
	return r;
}

static int load_repository(
	struct config *c, const struct config_sources *sources, struct error *err)
{
	const char *name = sources->repository_file;

	if (sources->repository_text)
		return load_text(c, sources, CONFIG_REPOSITORY, name ? name : ".minsky/config.yaml",
			sources->repository_text, sources->repository_text_len,
			"everyone with the commit can read it; write it to your own file instead",
			err);
	return name ? load_file(c, sources, CONFIG_REPOSITORY, name, err) : 0;
}

/* What the deciding branch says and the file of this one does not. */
static int load_kept(struct config *c, const struct config_sources *sources, struct error *err)
{
	const char *file = sources->repository_file;
	struct buf origin = BUF_INIT;
	bool taken;
	int r;

	buf_addf(&origin, "%s of branch %s", file ? file : "repository",
		config_kept_branch(sources->kept));
	r = buf_check(&origin, err);
	for (size_t i = 0; i < n_config_keys && !r; i++) {
		struct config_word w = {
			.key = i,
			.level = CONFIG_REPOSITORY,
			.name = config_keys[i].name,
			.raw = sources->kept->raw[i],
			.origin = origin.data,
		};

		if (!w.raw || c->v[i].repository)
			continue;
		r = config_word_is_trusted(sources, &w, &taken, err);
		if (!r && taken)
			r = config_remember_word(c, &w, err);
		if (!r && taken)
			r = config_set_word(c, &w, err);
	}
	buf_release(&origin);
	return r;
}

static int load_environment(
	struct config *c, const struct config_sources *sources, struct error *err)
{
	struct source s = {
		.config = c,
		.sources = sources,
		.level = CONFIG_ENVIRONMENT,
		.name = "environment",
		SOURCE_LISTS,
	};
	int r = 0;

	for (size_t i = 0; i < n_config_keys && !r; i++) {
		struct config_word w = { .key = i,
			.level = s.level,
			.name = config_keys[i].variable,
			.raw = getenv(config_keys[i].variable),
			.origin = config_keys[i].variable };

		if (w.raw && *w.raw)
			r = config_set_word(c, &w, err);
	}
	for (const struct config_old *o = config_old_variables; o->old && !r; o++) {
		struct config_word w = { .key = config_key_find(o->name),
			.level = s.level,
			.old = true,
			.name = o->old,
			.raw = getenv(o->old),
			.origin = o->old };

		if (!w.raw || !*w.raw)
			continue;
		list_add(&s.old, o->old, config_keys[w.key].variable);
		r = config_set_word(c, &w, err);
	}
	if (!r)
		r = warn_source(&s, err);
	source_release(&s);
	return r;
}

static int fail_setting(const char *setting, struct error *err)
{
	struct buf clean = BUF_INIT, shown = BUF_INIT;
	int r;

	text_add_scrubbed(&clean, setting, strlen(setting));
	text_add_line(&shown, clean.data, text_cut(clean.data, clean.len, 200));
	r = buf_check(&clean, err);
	if (!r)
		r = buf_check(&shown, err);
	if (!r) {
		error_set(err, ERR_USAGE, "'%s' is not a setting with a value", shown.data);
		r = error_hint(err, "write it as KEY=VALUE");
	}
	buf_release(&clean);
	buf_release(&shown);
	return r;
}

static int load_setting(struct config *c, struct source *s, const char *setting, struct error *err)
{
	const char *equals = strchr(setting, '=');
	const struct config_key *key = NULL;
	char *name;
	int r;

	if (!equals || equals == setting)
		return fail_setting(setting, err);
	name = strndup(setting, (size_t)(equals - setting));
	if (!name)
		return error_nomem(err);
	r = config_find_key(&key, name, err);
	if (!r) {
		const struct config_word w = { .key = (size_t)(key - config_keys),
			.level = CONFIG_COMMAND_LINE,
			.name = name,
			.raw = equals + 1,
			.origin = s->name };

		if (strcmp(name, key->name) != 0)
			list_add(&s->old, name, key->name);
		r = config_set_word(c, &w, err);
	}
	free(name);
	return r;
}

static int load_command_line(
	struct config *c, const struct config_sources *sources, struct error *err)
{
	struct source s = { .sources = sources, .name = "command line", SOURCE_LISTS };
	int r = 0;

	for (const char *const *p = sources->settings; p && *p && !r; p++)
		r = load_setting(c, &s, *p, err);
	if (!r)
		r = warn_source(&s, err);
	source_release(&s);
	return r;
}

int config_read_sources(struct config *c, const struct config_sources *sources, struct error *err)
{
	int r = load_user(c, sources, err);

	if (!r)
		r = load_repository(c, sources, err);
	if (!r && sources->kept)
		r = load_kept(c, sources, err);
	if (!r && !sources->no_environment)
		r = load_environment(c, sources, err);
	if (!r)
		r = load_command_line(c, sources, err);
	return r;
}
