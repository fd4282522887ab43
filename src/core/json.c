#include "core/json.h"

#include <cjson/cJSON.h>

#include "core/clock.h"

/* struct json has no members of its own: a pointer to it is a pointer to cJSON's node. */
static const cJSON *node(const struct json *j)
{
	return (const cJSON *)(const void *)j;
}

static const struct json *json(const cJSON *n)
{
	return (const struct json *)(const void *)n;
}

int json_parse(struct json **out, const char *text, size_t len, struct error *err)
{
	cJSON *n;
	int r = json_check(text, len, err);

	if (r < 0)
		return r;
	/* What has passed the check fails here only for want of memory. */
	n = cJSON_ParseWithLengthOpts(text, len, NULL, 0);
	if (!n)
		return error_nomem(err);
	*out = (struct json *)(void *)n;
	return 0;
}

void json_free(struct json *j)
{
	cJSON_Delete((cJSON *)(void *)j);
}

const struct json *json_get(const struct json *object, const char *key)
{
	if (!json_is_object(object))
		return NULL;
	return json(cJSON_GetObjectItemCaseSensitive(node(object), key));
}

const char *json_get_string(const struct json *object, const char *key)
{
	return json_string(json_get(object, key));
}

bool json_get_bool(const struct json *object, const char *key, bool otherwise)
{
	const cJSON *n = node(json_get(object, key));

	return cJSON_IsBool(n) ? cJSON_IsTrue(n) : otherwise;
}

bool json_get_u64(const struct json *object, const char *key, uint64_t *out)
{
	const cJSON *n = node(json_get(object, key));

	if (!cJSON_IsNumber(n) || !(n->valuedouble >= 0) || n->valuedouble > (double)JSON_MAX_WHOLE)
		return false;
	if ((double)(uint64_t)n->valuedouble != n->valuedouble)
		return false;
	*out = (uint64_t)n->valuedouble;
	return true;
}

int64_t json_get_time(const struct json *object, const char *key)
{
	const char *text = json_get_string(object, key);
	int64_t ms;

	return text && clock_parse(text, &ms) ? ms : 0;
}

bool json_is_object(const struct json *j)
{
	return cJSON_IsObject(node(j));
}

bool json_is_array(const struct json *j)
{
	return cJSON_IsArray(node(j));
}

bool json_is_string(const struct json *j)
{
	return cJSON_IsString(node(j));
}

bool json_is_null(const struct json *j)
{
	return cJSON_IsNull(node(j));
}

const char *json_string(const struct json *j)
{
	return json_is_string(j) ? node(j)->valuestring : NULL;
}

const char *json_key(const struct json *j)
{
	return j ? node(j)->string : NULL;
}

size_t json_count(const struct json *j)
{
	size_t n = 0;

	for (const struct json *c = json_first(j); c; c = json_next(c))
		n++;
	return n;
}

const struct json *json_empty_object(void)
{
	static const cJSON empty = { .type = cJSON_Object };

	return json(&empty);
}

const struct json *json_first(const struct json *j)
{
	return json_is_object(j) || json_is_array(j) ? json(node(j)->child) : NULL;
}

const struct json *json_next(const struct json *j)
{
	return j ? json(node(j)->next) : NULL;
}
