#include "core/json.h"
#include "core/jsonw.h"
#include "log/seam.h"

int seam_body(struct buf *body, const struct seam *seam, struct error *err)
{
	struct buf data = BUF_INIT;
	struct jsonw w;
	int r;

	jsonw_init(&w, &data, false);
	jsonw_begin_object(&w);
	jsonw_kstring(&w, "origin", seam->origin);
	jsonw_ku64(&w, "lastSeq", seam->last);
	jsonw_kstring(&w, "lastHash", seam->last_hash);
	jsonw_ku64(&w, "nextSeq", seam->next);
	jsonw_kstring_opt(&w, "nextHash", seam->next_hash);
	jsonw_ku64(&w, "lost", seam->next - seam->last - 1);
	jsonw_end_object(&w);
	r = torn_tail_body(body, EVENT_JOURNAL_REPAIRED, &data, err);
	buf_release(&data);
	return r;
}

static bool copy_hex(char *out, const char *text, size_t digits)
{
	if (!text || !id_is_hex(text, digits))
		return false;
	memcpy(out, text, digits + 1);
	return true;
}

bool seam_of_record(struct seam *out, const struct record *rec)
{
	static const char type[] = "{\"type\":\"journal.repaired\",";
	struct error ignored = ERROR_INIT;
	struct seam seam = { .last = 0 };
	const struct json *data;
	const char *next_hash;
	struct json *body;
	bool ok;

	if (!rec->body || rec->body_len < sizeof(type) ||
		memcmp(rec->body, type, sizeof(type) - 1) != 0 ||
		json_parse(&body, rec->body, rec->body_len, &ignored) < 0)
		return false;
	data = json_get(body, "data");
	next_hash = json_get_string(data, "nextHash");
	ok = json_get_u64(data, "lastSeq", &seam.last) &&
		json_get_u64(data, "nextSeq", &seam.next) &&
		copy_hex(seam.origin, json_get_string(data, "origin"), ID_HEX_SIZE - 1) &&
		copy_hex(seam.last_hash, json_get_string(data, "lastHash"), HASH_HEX_SIZE - 1) &&
		(!next_hash || copy_hex(seam.next_hash, next_hash, HASH_HEX_SIZE - 1));
	json_free(body);
	if (ok)
		*out = seam;
	return ok;
}
