-- What minsky keeps in a team's PostgreSQL. `minsky sessiondb init postgres` runs this file, and
-- `--print-sql` prints it for somebody else to read and run. It may be run again at any time, by
-- the owner of the database or a superuser: it makes what is missing, brings an older schema up to
-- date and leaves what is there. One database is one team.
--
-- Roles, none of which logs in: minsky_owner owns everything; minsky_member pushes, reads and
-- writes the projection; minsky_auditor reads; minsky_keeper may do besides what a member may:
-- blank others' events, push for an origin whose machine is gone, retire one, give a repository a
-- further URL, which can join two of them. Roles belong to the whole cluster, so each database lists
-- in `member` whom it means.
--
-- What a member pushes is looked at as every client would look at it: nothing that is taken here
-- can be refused by the others, and keep them from the rest.
--
-- Only single statements reach this schema, so it works behind a pool of connections in
-- transaction mode, provided that everybody logs in under a name of his own (session_user).

begin;

do $$
begin
	if to_regclass('minsky.meta') is not null then
		if (select schema_version > 3 from minsky.meta) then
			raise exception 'the schema of this database is newer than this minsky'
				using errcode = 'MK505';
		end if;
	end if;
end $$;

do $$
declare
	role_name text;
begin
	foreach role_name in array array['minsky_owner', 'minsky_member', 'minsky_auditor',
		'minsky_keeper'] loop
		if not exists (select from pg_roles where rolname = role_name) then
			begin
				execute format('create role %I nologin', role_name);
			exception when duplicate_object or unique_violation then
				null;
			end;
		end if;
	end loop;
	if not (select rolsuper from pg_roles where rolname = current_user) then
		execute format('grant minsky_owner to %I', current_user);
	end if;
end $$;

create schema if not exists minsky authorization minsky_owner;
set local role minsky_owner;

-- instance_id changes when the database is restored from a backup (minsky.new_instance()), so that
-- machines notice. A minsky that knows less than min_client keeps its hands off.
create table if not exists minsky.meta (
	one boolean primary key default true check (one),
	instance_id uuid not null default gen_random_uuid(),
	schema_version int not null,
	min_client int not null
);
-- Of two who set it up at once the second waits here.
lock table minsky.meta in share row exclusive mode;
insert into minsky.meta(schema_version, min_client) values (0, 1) on conflict do nothing;

create table if not exists minsky.member (
	db_role name primary key,
	person text not null,
	kind text not null check (kind in ('member', 'auditor', 'keeper'))
);

-- A repository by its key, and what else it is known by: canonical URLs, and the ids that machines
-- gave it before they met.
create table if not exists minsky.repo (
	repo uuid primary key,
	name text not null,
	made_at timestamptz not null default clock_timestamp()
);
create table if not exists minsky.alias (
	kind text not null check (kind in ('url', 'id')),
	value text collate "C" not null,
	repo uuid not null references minsky.repo,
	primary key (kind, value)
);
-- Who said that it leads there; null: before anybody wrote that down.
alter table minsky.alias add column if not exists db_role name;

-- One writer's events, numbered without holes; its head is what a push is compared with.
create table if not exists minsky.origin (
	repo uuid not null references minsky.repo,
	origin uuid not null,
	db_role name not null,
	host text not null default '',
	parent_origin uuid,
	parent_seq bigint,
	head bigint not null default 0 check (head >= 0),
	head_hash bytea not null default decode(repeat('00', 32), 'hex')
		check (octet_length(head_hash) = 32),
	max_hlc bigint not null default 0,
	retired boolean not null default false,
	enrolled_at timestamptz not null default clock_timestamp(),
	pushed_at timestamptz,
	primary key (repo, origin)
) with (fillfactor = 70);

-- The body is the text that was journaled, byte for byte; null: blanked.
create table if not exists minsky.event (
	repo uuid not null,
	origin uuid not null,
	seq bigint not null check (seq > 0),
	hlc bigint not null check (hlc > 0),
	session uuid,
	type text collate "C",
	v int,
	hash bytea not null check (octet_length(hash) = 32),
	body_hash bytea not null check (octet_length(body_hash) = 32),
	body text collate "C" check (octet_length(body) <= 65536),
	recv_at timestamptz not null default clock_timestamp(),
	primary key (repo, origin, seq)
) with (autovacuum_vacuum_insert_scale_factor = 0.02);
create index if not exists event_session on minsky.event(repo, session) where session is not null;

-- Which bodies were blanked, by whom.
create table if not exists minsky.redaction (
	repo uuid not null,
	origin uuid not null,
	seq bigint not null,
	db_role name not null,
	at timestamptz not null default clock_timestamp(),
	primary key (repo, origin, seq)
);

-- The projection: a cache that can be computed from the events. A row is the record as minsky
-- writes it, with what a query looks at beside it. Names are not unique: two machines may choose
-- the same one. The vector of heads says what the rows have seen.
create table if not exists minsky.store_p1 (
	repo uuid primary key,
	batches bigint not null default 0
) with (fillfactor = 50);
create table if not exists minsky.head_p1 (
	repo uuid not null,
	origin uuid not null,
	seq bigint not null,
	hash bytea not null check (octet_length(hash) = 32),
	primary key (repo, origin)
) with (fillfactor = 50);
create table if not exists minsky.session_p1 (
	repo uuid not null,
	session uuid not null,
	n_events bigint not null,
	name text collate "C",
	task text collate "C",
	task_key text collate "C",
	branch text collate "C",
	description text collate "C",
	status text collate "C" not null,
	deleted boolean not null,
	pr text collate "C" not null,
	created_at bigint not null,
	activity_at bigint not null,
	doc text collate "C" not null,
	primary key (repo, session)
) with (fillfactor = 80);
create index if not exists session_p1_name on minsky.session_p1(repo, name);
create index if not exists session_p1_task on minsky.session_p1(repo, task_key);
create index if not exists session_p1_branch on minsky.session_p1(repo, branch);

-- From version 1: the projection knew only whether a pull request was open. It is computed anew.
do $$
begin
	if (select schema_version = 1 from minsky.meta) then
		delete from minsky.session_p1;
		delete from minsky.head_p1;
		delete from minsky.store_p1;
		alter table minsky.session_p1 drop column if exists pr_open;
		alter table minsky.session_p1 add column if not exists pr text collate "C" not null;
		drop function if exists minsky.repo_key(uuid);
	end if;
	-- Up to version 2 a row was what all events of a session said, whoever had written them.
	if (select schema_version = 2 from minsky.meta) then
		delete from minsky.session_p1;
		delete from minsky.head_p1;
		delete from minsky.store_p1;
	end if;
end $$;

-- Events are never changed, not even by the owner; blanking a body is the exception.
create or replace function minsky.deny() returns trigger language plpgsql
set search_path = pg_catalog, pg_temp as $$
begin
	if tg_op = 'UPDATE' and current_setting('minsky.redact', true) = 'on' and new.body is null
		and (new.repo, new.origin, new.seq, new.hlc, new.hash, new.body_hash, new.recv_at)
			= (old.repo, old.origin, old.seq, old.hlc, old.hash, old.body_hash, old.recv_at)
		and (new.session, new.type, new.v) is not distinct from (old.session, old.type, old.v)
	then
		return new;
	end if;
	raise exception 'the journal is append-only: no % on %', lower(tg_op), tg_table_name
		using errcode = 'MK403';
end $$;
create or replace trigger event_no_change before update or delete on minsky.event
	for each row execute function minsky.deny();
create or replace trigger event_no_truncate before truncate on minsky.event
	for each statement execute function minsky.deny();

-- What the one who is logged in may do here; null: nothing.
create or replace function minsky.my_kind() returns text language sql stable security definer
set search_path = pg_catalog, pg_temp as $$
	select kind from minsky.member where db_role = session_user
$$;

create or replace function minsky.require_writer() returns void language plpgsql stable
security definer set search_path = pg_catalog, pg_temp as $$
begin
	if coalesce(minsky.my_kind() not in ('member', 'keeper'), true) then
		raise exception '% is not a member of this team', session_user using errcode = 'MK401',
			hint = 'ask whoever keeps the database for minsky sessiondb init postgres --member';
	end if;
end $$;

alter table minsky.event enable row level security;
alter table minsky.event force row level security;
alter table minsky.member enable row level security;
alter table minsky.repo enable row level security;
alter table minsky.alias enable row level security;
alter table minsky.origin enable row level security;
alter table minsky.redaction enable row level security;
alter table minsky.store_p1 enable row level security;
alter table minsky.head_p1 enable row level security;
alter table minsky.session_p1 enable row level security;

do $$
declare
	table_name text;
begin
	foreach table_name in array array['member', 'repo', 'alias', 'origin', 'event', 'redaction',
		'store_p1', 'head_p1', 'session_p1'] loop
		execute format('drop policy if exists reads on minsky.%I', table_name);
		execute format('create policy reads on minsky.%I for select using '
			'(current_user = ''minsky_owner'' or (select minsky.my_kind()) is not null)',
			table_name);
	end loop;
	foreach table_name in array array['store_p1', 'head_p1', 'session_p1'] loop
		execute format('drop policy if exists writes on minsky.%I', table_name);
		execute format('create policy writes on minsky.%I for all using '
			'((select minsky.my_kind()) in (''member'', ''keeper''))', table_name);
	end loop;
end $$;
-- For push() and redact(). The owner's own changes have to find rows as well, or the trigger would
-- have nothing to refuse.
drop policy if exists owns on minsky.event;
create policy owns on minsky.event for all to minsky_owner using (true) with check (true);

-- The key of a repository: by URL, else by the id that a machine gave it, else that id becomes it.
-- Whoever comes second waits for the first and finds his rows.
--
-- A member gives a repository that nobody knew its first URL, and moves what he said himself. Any
-- further URL, and what somebody else said, takes a keeper: it may join two repositories, and then
-- each shows what is in the other. It is left out without a word, since a machine says each time
-- all that it knows.
create or replace function minsky.join_repo(id uuid, name text, urls text[]) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '3s' as $$
declare
	key uuid;
	keeper boolean;
begin
	perform minsky.require_writer();
	keeper := minsky.my_kind() = 'keeper';
	if octet_length(name) > 1000 or cardinality(urls) > 100 or exists (
		select from unnest(urls) u where octet_length(u) > 2000) then
		raise exception 'a repository is not named like that' using errcode = '22023';
	end if;
	select a.repo into key from unnest(urls) with ordinality u(value, n)
		join minsky.alias a on a.kind = 'url' and a.value = u.value order by u.n limit 1;
	if not found then
		select a.repo into key from minsky.alias a where a.kind = 'id' and a.value = id::text;
	end if;
	if key is null then
		insert into minsky.repo(repo, name) values (id, name) on conflict do nothing;
		key := id;
		insert into minsky.alias(kind, value, repo, db_role)
			values ('id', id::text, key, session_user) on conflict do nothing;
	end if;
	insert into minsky.alias(kind, value, repo, db_role)
		select 'url', u.value, key, session_user
		from unnest(urls) with ordinality u(value, n)
		where keeper or (u.n = 1
			and exists (select from minsky.alias a where a.kind = 'id'
				and a.value = join_repo.id::text and a.repo = key
				and a.db_role = session_user)
			and not exists (select from minsky.alias a where a.kind = 'url'
				and a.repo = key))
		order by u.value on conflict do nothing;
	select a.repo into key from unnest(urls) with ordinality u(value, n)
		join minsky.alias a on a.kind = 'url' and a.value = u.value order by u.n limit 1;
	if not found then
		select coalesce((select a.repo from minsky.alias a
			where a.kind = 'id' and a.value = id::text), id) into key;
	end if;
	insert into minsky.alias(kind, value, repo, db_role)
		values ('id', id::text, key, session_user)
		on conflict (kind, value) do update set repo = excluded.repo, db_role = session_user
		where alias.repo <> excluded.repo and (keeper or alias.db_role = session_user);
	delete from minsky.repo r where r.repo = id and r.repo <> key
		and not exists (select from minsky.alias a where a.repo = r.repo)
		and not exists (select from minsky.origin o where o.repo = r.repo);
	return key;
end $$;

create or replace function minsky.enroll(repo uuid, origin uuid, host text, parent_origin uuid,
	parent_seq bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '3s' as $$
begin
	perform minsky.require_writer();
	if not exists (select from minsky.repo r where r.repo = enroll.repo) then
		raise exception 'there is no repository % here', enroll.repo using errcode = 'MK404';
	end if;
	if octet_length(host) > 1000 then
		raise exception 'a host is not named like that' using errcode = '22023';
	end if;
	if (select count(*) from minsky.origin o where o.repo = enroll.repo
		and o.db_role = session_user and not o.retired) >= 1000
		and not exists (select from minsky.origin o where o.repo = enroll.repo
			and o.origin = enroll.origin) then
		raise exception '% has 1000 origins in this repository', session_user
			using errcode = 'MK429';
	end if;
	-- Under another key it is the same writer.
	if exists (select from minsky.origin o where o.origin = enroll.origin
		and o.db_role <> session_user) then
		raise exception 'origin % belongs to another', replace(enroll.origin::text, '-', '')
			using errcode = 'MK403';
	end if;
	insert into minsky.origin(repo, origin, db_role, host, parent_origin, parent_seq)
		values (enroll.repo, enroll.origin, session_user, enroll.host, enroll.parent_origin,
			enroll.parent_seq) on conflict do nothing;
	if not exists (select from minsky.origin o where o.repo = enroll.repo
		and o.origin = enroll.origin and o.db_role = session_user) then
		raise exception 'origin % belongs to another', replace(enroll.origin::text, '-', '')
			using errcode = 'MK403';
	end if;
end $$;

create or replace function minsky.retire(repo uuid, origin uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '3s' as $$
begin
	perform minsky.require_writer();
	update minsky.origin o set retired = true where o.repo = retire.repo
		and o.origin = retire.origin
		and (o.db_role = session_user or minsky.my_kind() = 'keeper');
	if not found then
		raise exception 'origin % is not enrolled by %', replace(retire.origin::text, '-', ''),
			session_user using errcode = 'MK404';
	end if;
end $$;

-- All that a role has, in every repository; how many they were.
create or replace function minsky.retire_all(db_role text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '3s' as $$
declare
	n bigint;
begin
	if minsky.my_kind() is distinct from 'keeper' then
		raise exception '% is not a keeper of this team', session_user using errcode = 'MK403';
	end if;
	update minsky.origin o set retired = true
		where o.db_role = retire_all.db_role and not o.retired;
	get diagnostics n = row_count;
	return n;
end $$;

-- Is it the body of an event, as every client has it? One line, an object, of which the type is one
-- that it may be filed under. No member comes twice.
create or replace function minsky.is_body(body text, type text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
	j json;
	said text;
begin
	if octet_length(body) > 65536 or left(body, 1) <> '{' or right(body, 1) <> '}'
		or strpos(body, e'\n') > 0 then
		return false;
	end if;
	j := body::json;
	said := case when json_typeof(j -> 'type') = 'string' then j ->> 'type' end;
	return json_typeof(j) = 'object' and said ~ '^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)*$'
		and octet_length(said) <= 64 and coalesce(type in (said, 'unknown'), false)
		and (select count(*) = count(distinct k) from json_object_keys(j) k);
exception when others then
	return false;
end $$;

-- Append events base + 1, ... of one origin, all of them or none, if its head is (base, base_hash).
-- The chain is computed here. body_hashes counts for blanked bodies; last_hash is what the writer
-- says the last one's hash is.
create or replace function minsky.push(repo uuid, origin uuid, base bigint, base_hash text,
	last_hash text, hlcs bigint[], sessions uuid[], types text[], versions int[],
	body_hashes text[], bodies text[], out status text, out head bigint, out head_hash text)
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '3s' as $$
declare
	o record;
	n int := cardinality(bodies);
	writer text := replace(push.origin::text, '-', '');
	hash text;
	clock bigint;
	hashes bytea[];
begin
	head := 0;
	head_hash := repeat('0', 64);
	perform minsky.require_writer();
	select x.head, encode(x.head_hash, 'hex') as hash, x.max_hlc, x.retired into o
		from minsky.origin x where x.repo = push.repo and x.origin = push.origin
		and (x.db_role = session_user or minsky.my_kind() = 'keeper') for no key update;
	if not found then
		status := 'unknown-origin';
		return;
	end if;
	head := o.head;
	head_hash := o.hash;
	status := case
		when base < o.head then 'behind'
		when base > o.head then 'gap'
		when base_hash is distinct from o.hash then 'fork'
		when o.retired then 'retired'
		when n is null or n = 0 or n > 1000 or n <> cardinality(hlcs)
			or n <> cardinality(sessions) or n <> cardinality(types)
			or n <> cardinality(versions) or n <> cardinality(body_hashes) then 'bad-batch'
		end;
	if status is not null then
		return;
	end if;
	hash := o.hash;
	clock := o.max_hlc;
	for i in 1..n loop
		if bodies[i] is not null
			and (body_hashes[i] is distinct from
				encode(sha256(convert_to(bodies[i], 'UTF8')), 'hex')
			or coalesce(not minsky.is_body(bodies[i], types[i]), true))
			or coalesce(body_hashes[i] !~ '^[0-9a-f]{64}$', true)
			-- A clock that goes on, and none of a time when there was no minsky.
			or coalesce(hlcs[i] <= clock or hlcs[i] >> 16 < 1577836800000, true) then
			status := 'bad-batch';
			return;
		end if;
		clock := hlcs[i];
		hash := encode(sha256(convert_to(concat(hash, e'\n', writer, e'\n', base + i, e'\n',
			lpad(to_hex(clock), 16, '0'), e'\n', body_hashes[i], e'\n'), 'UTF8')), 'hex');
		hashes[i] := decode(hash, 'hex');
	end loop;
	if hash is distinct from last_hash then
		status := 'bad-batch';
		return;
	end if;
	if (clock >> 16) > extract(epoch from clock_timestamp()) * 1000 + 300000 then
		status := 'clock-ahead';
		return;
	end if;
	insert into minsky.event(repo, origin, seq, hlc, session, type, v, hash, body_hash, body)
		select push.repo, push.origin, base + u.i, u.hlc, u.session, u.type, u.v, u.hash,
			decode(u.body_hash, 'hex'), u.body
		from unnest(hlcs, sessions, types, versions, hashes, body_hashes, bodies)
			with ordinality u(hlc, session, type, v, hash, body_hash, body, i);
	update minsky.origin x set head = base + n, head_hash = hashes[n], max_hlc = clock,
		pushed_at = clock_timestamp() where x.repo = push.repo and x.origin = push.origin;
	status := 'ok';
	head := base + n;
	head_hash := hash;
end $$;

-- Bodies go by the word of who wrote them, or of a keeper.
create or replace function minsky.redact(repo uuid, origin uuid, seq bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '3s' as $$
begin
	perform minsky.require_writer();
	if minsky.my_kind() <> 'keeper' and not exists (select from minsky.origin o
		where o.repo = redact.repo and o.origin = redact.origin
		and o.db_role = session_user) then
		raise exception '% is not a keeper of this team', session_user using errcode = 'MK403';
	end if;
	perform set_config('minsky.redact', 'on', true);
	update minsky.event e set body = null where e.repo = redact.repo
		and e.origin = redact.origin and e.seq = redact.seq;
	if not found then
		raise exception 'there is no event %:%', replace(redact.origin::text, '-', ''),
			redact.seq using errcode = 'MK404';
	end if;
	perform set_config('minsky.redact', 'off', true);
	insert into minsky.redaction(repo, origin, seq, db_role)
		values (redact.repo, redact.origin, redact.seq, session_user) on conflict do nothing;
end $$;

-- For whoever keeps the database.
create or replace function minsky.add_member(db_role text, person text, kind text default 'member')
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
	if to_regrole(quote_ident(add_member.db_role)) is null then
		raise exception 'there is no role "%"', add_member.db_role using errcode = 'MK404';
	end if;
	insert into minsky.member(db_role, person, kind)
		values (add_member.db_role, add_member.person, add_member.kind)
		on conflict on constraint member_pkey
		do update set person = excluded.person, kind = excluded.kind;
end $$;
create or replace function minsky.remove_member(db_role text) returns void language sql
set search_path = pg_catalog, pg_temp as $$
	delete from minsky.member m where m.db_role = remove_member.db_role
$$;
-- An origin whose owner has another role now.
create or replace function minsky.give_origin(origin uuid, db_role text) returns void language sql
set search_path = pg_catalog, pg_temp as $$
	update minsky.origin o set db_role = give_origin.db_role where o.origin = give_origin.origin
$$;
-- After a restore from a backup.
create or replace function minsky.new_instance() returns void language sql
set search_path = pg_catalog, pg_temp as $$
	update minsky.meta set instance_id = gen_random_uuid()
$$;

revoke all on all functions in schema minsky from public, minsky_member, minsky_auditor,
	minsky_keeper;
revoke all on schema minsky from public;
grant usage on schema minsky to minsky_member, minsky_auditor, minsky_keeper;
grant select on all tables in schema minsky to minsky_member, minsky_auditor, minsky_keeper;
grant insert, update, delete on minsky.store_p1, minsky.head_p1, minsky.session_p1
	to minsky_member, minsky_keeper;
grant execute on function minsky.my_kind() to minsky_member, minsky_auditor, minsky_keeper;
grant execute on function minsky.join_repo(uuid, text, text[]),
	minsky.enroll(uuid, uuid, text, uuid, bigint), minsky.retire(uuid, uuid),
	minsky.push(uuid, uuid, bigint, text, text, bigint[], uuid[], text[], int[], text[], text[]),
	minsky.redact(uuid, uuid, bigint) to minsky_member, minsky_keeper;
grant execute on function minsky.retire_all(text) to minsky_keeper;

update minsky.meta set schema_version = 3, min_client = 3 where schema_version < 3;
reset role;

commit;
