#include "backends/postgres_array.h"

/* Dimensions (always 1), nulls or not, type of the elements, how many, index of the first. */
#define HEADER 20
#define UUID_BYTES 16

static uint32_t element_of(uint32_t array_type)
{
	switch (array_type) {
	case PG_ARRAY_BOOL:
		return 16;
	case PG_ARRAY_INT4:
		return 23;
	case PG_ARRAY_INT8:
		return 20;
	case PG_ARRAY_UUID:
		return 2950;
	default:
		return 25;
	}
}

static void put32(unsigned char *at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(v >> (24 - 8 * i));
}

static void add32(struct buf *out, uint32_t v)
{
	unsigned char bytes[4];

	put32(bytes, v);
	buf_add(out, bytes, sizeof(bytes));
}

void pg_column_release(struct pg_column *c)
{
	buf_release(&c->data);
	*c = (struct pg_column)PG_COLUMN_INIT;
}

void pg_column_begin(struct pg_column *c, uint32_t array_type)
{
	buf_clear(&c->data);
	c->n = 0;
	c->nulls = false;
	add32(&c->data, 1);
	add32(&c->data, 0);
	add32(&c->data, element_of(array_type));
	add32(&c->data, 0);
	add32(&c->data, 1);
}

static void add_null(struct pg_column *c)
{
	c->n++;
	c->nulls = true;
	add32(&c->data, UINT32_MAX);
}

void pg_column_add_text(struct pg_column *c, const char *text, size_t len)
{
	if (!text) {
		add_null(c);
		return;
	}
	c->n++;
	add32(&c->data, (uint32_t)len);
	buf_add(&c->data, text, len);
}

void pg_column_add_int8(struct pg_column *c, int64_t v)
{
	c->n++;
	add32(&c->data, 8);
	add32(&c->data, (uint32_t)((uint64_t)v >> 32));
	add32(&c->data, (uint32_t)((uint64_t)v & UINT32_MAX));
}

void pg_column_add_int4(struct pg_column *c, int32_t v)
{
	c->n++;
	add32(&c->data, 4);
	add32(&c->data, (uint32_t)v);
}

void pg_column_add_bool(struct pg_column *c, bool v)
{
	c->n++;
	add32(&c->data, 1);
	buf_addch(&c->data, v ? 1 : 0);
}

static unsigned digit(char ch)
{
	return ch >= '0' && ch <= '9'    ? (unsigned)(ch - '0')
		: ch >= 'a' && ch <= 'f' ? (unsigned)(ch - 'a' + 10)
					 : 0;
}

void pg_column_add_uuid(struct pg_column *c, const char *text)
{
	unsigned char bytes[UUID_BYTES] = { 0 };
	size_t n = 0;

	if (!*text) {
		add_null(c);
		return;
	}
	for (const char *p = text; *p && n < 2 * sizeof(bytes); p++) {
		if (*p == '-')
			continue;
		bytes[n / 2] = (unsigned char)((unsigned)bytes[n / 2] << 4 | digit(*p));
		n++;
	}
	c->n++;
	add32(&c->data, UUID_BYTES);
	buf_add(&c->data, bytes, sizeof(bytes));
}

void pg_column_end(struct pg_column *c)
{
	if (c->data.failed || c->data.len < HEADER)
		return;
	put32((unsigned char *)c->data.data + 4, c->nulls);
	put32((unsigned char *)c->data.data + 12, c->n);
}
