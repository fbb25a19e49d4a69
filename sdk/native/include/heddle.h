/* libheddle: what an app does with its partition of a Heddle simulation, tick by tick.
 *
 *   heddle_application *app;
 *   if (heddle_create_application(&app) != HEDDLE_OK) return 1;
 *   while (heddle_begin_update(app) == HEDDLE_OK) {
 *     ... read and write ...
 *     heddle_commit(app);
 *   }
 *   heddle_destroy_application(app);
 *
 * Errors: each call that can be refused returns a heddle_error. One that is not HEDDLE_OK has
 * changed nothing; heddle_last_error_message says why.
 *
 * Lifetimes: what a call lends (lists, columns, data of fields, texts) is good until the next call
 * of the same function, the commit, or the destruction, whichever comes first; columns and fields
 * of own entities also end when the app creates entities or stores longer data. Never free it.
 *
 * Units: positions and boxes are in world units. Sizes are in bytes. Ticks count from 1.
 *
 * Threads: an application is used by one thread at a time.
 *
 * "Open update" below means between heddle_begin_update and heddle_commit; without one, calls that
 * need it return HEDDLE_INVALID_STATE. The app sees its own entities as it last wrote them, and
 * those of others as they were committed at the tick before, where its subscriptions cover them.
 */
#ifndef HEDDLE_H
#define HEDDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define HEDDLE_API __attribute__((visibility("default")))
#else
#define HEDDLE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum heddle_error {
  HEDDLE_OK = 0,
  /* The simulation, or this app, shuts down: destroy the application and exit. */
  HEDDLE_SHUTTING_DOWN = 1,
  HEDDLE_INVALID_ARGUMENT = 2,
  /* A limit is reached, or the machine has no room. */
  HEDDLE_CAPACITY_EXCEEDED = 3,
  /* The entity belongs to another app. */
  HEDDLE_NOT_OWNED = 4,
  HEDDLE_NOT_FOUND = 5,
  /* A call out of order: no update is open, or one already is. */
  HEDDLE_INVALID_STATE = 6,
  /* No Heddle worker started this process, or the worker is gone. */
  HEDDLE_NOT_CONNECTED = 7
} heddle_error;

typedef struct heddle_application heddle_application;

/* A handle: `id` is unique in the simulation, for ever. The rest is where it was seen last, which
 * calls bring up to date: keep the handle as long as you like, or make one of an id alone, with
 * zeros in the rest. */
typedef struct heddle_entity {
  uint64_t id;
  uint32_t type;
  uint32_t partition;
  uint32_t row;
} heddle_entity;

typedef struct heddle_box {
  float min_x, min_y, max_x, max_y;
} heddle_box;

/* --- the application */

/* The name of a code, as "InvalidArgument". */
HEDDLE_API const char *heddle_error_name(heddle_error error);

/* Attaches this process to the simulation that started it. Call it once, early. NOT_CONNECTED where
 * no worker started this process or the fabric is of another version, INVALID_STATE where a process
 * has this app's application already. */
HEDDLE_API heddle_error heddle_create_application(heddle_application **application);

/* What a standalone application runs in. Zeros stand for the defaults, but for `seconds`. */
typedef struct heddle_standalone_config {
  /* How long to run, in seconds of ticks: with 10 ticks a second, 3 seconds are 30 ticks. */
  double seconds;
  /* Ticks a second. Default 30. With HEDDLE_TICK_RATE_UNLIMITED a second counts as 30 ticks, and
   * none is waited for. */
  double tick_rate;
  /* The world, all of it this app's. Default -1000 to 1000 on both axes. */
  heddle_box bounds;
  /* Default "Standalone". */
  const char *domain;
  /* Default 8,192. */
  uint32_t entities_per_partition;
} heddle_standalone_config;
#define HEDDLE_TICK_RATE_UNLIMITED (-1.0)

/* Runs an app alone, for tests: one spatial partition, no other apps, no worker, and ticks until
 * the time is up; then heddle_begin_update returns SHUTTING_DOWN. A process may have many. Fields
 * hold 1,024 bytes there, and messages 256. INVALID_ARGUMENT for a negative number, or bounds that
 * are no box. */
HEDDLE_API heddle_error heddle_create_standalone_application(const heddle_standalone_config *config,
                                                             heddle_application **application);

/* Says that this app is done, drops an open update, and frees the application. A process that exits
 * without it counts as failed. Null does nothing. */
HEDDLE_API void heddle_destroy_application(heddle_application *application);

/* Why the last refused call of this application was refused, as "InvalidArgument: ..."; empty where
 * none was. With null: of the last refused call of this thread, of whatever application, be it
 * destroyed since. */
HEDDLE_API const char *heddle_last_error_message(const heddle_application *application);

/* Whether heddle_begin_update would wait now; false while an update is open. Where it would, this
 * call has slept for a millisecond, or until the tick began: programs may call it in a loop. */
HEDDLE_API heddle_error heddle_begin_update_will_block(heddle_application *application,
                                                       bool *will_block);

/* The same, but sleeps up to so many milliseconds; with 0 it answers at once. For programs with an
 * event loop of their own. NOT_CONNECTED where it has slept for a second or more, and the worker is
 * gone. */
HEDDLE_API heddle_error heddle_wait_for_update(heddle_application *application,
                                               uint32_t milliseconds, bool *will_block);

/* Waits for the next tick and opens it. SHUTTING_DOWN where there will be none, NOT_CONNECTED where
 * the worker is gone, INVALID_STATE where an update is open. */
HEDDLE_API heddle_error heddle_begin_update(heddle_application *application);

/* Ends the update: what was written becomes visible to all at the next tick. INVALID_ARGUMENT where
 * an entity was moved out of the world in bulk: the update stays open, and it can be moved back. */
HEDDLE_API heddle_error heddle_commit(heddle_application *application);

/* The tick that is open, or the last one committed. */
HEDDLE_API uint64_t heddle_current_tick(const heddle_application *application);

/* 1, as a rule; more where earlier processes of this app failed in the tick that comes first. */
HEDDLE_API uint32_t heddle_attempt(const heddle_application *application);

/* The port to bind to for a port that the schema declares. NOT_FOUND. */
HEDDLE_API heddle_error heddle_ingress_port(heddle_application *application, uint32_t declared,
                                            uint32_t *port);

typedef enum heddle_domain_type {
  HEDDLE_DOMAIN_SPATIAL = 0,
  HEDDLE_DOMAIN_SERVICE = 1,
  HEDDLE_DOMAIN_CUSTOM = 2
} heddle_domain_type;

typedef struct heddle_partition {
  uint32_t id;
  /* Index of its domain, which calls take. */
  uint32_t domain;
  heddle_domain_type domain_type;
  /* The cell is only of spatial domains. */
  bool has_cell;
  heddle_box cell;
  const char *domain_name;
  const char *app_name;
} heddle_partition;

/* The partition that this app owns, and those of all apps. */
HEDDLE_API heddle_error heddle_assigned_partition(heddle_application *application,
                                                  heddle_partition *partition);
HEDDLE_API heddle_error heddle_all_partitions(heddle_application *application,
                                              const heddle_partition **partitions, size_t *count);
/* Index of a domain by its name. INVALID_ARGUMENT where there is none. */
HEDDLE_API heddle_error heddle_domain_by_name(heddle_application *application, const char *name,
                                              uint32_t *domain);

typedef enum heddle_limit {
  HEDDLE_ENTITIES_PER_PARTITION = 1,
  HEDDLE_REMOTE_ENTITY_TRANSFERS = 2,
  HEDDLE_LOCAL_ENTITY_TRANSFERS = 3
} heddle_limit;
HEDDLE_API heddle_error heddle_runtime_limit(heddle_application *application, heddle_limit limit,
                                             uint32_t *value);

/* The first two are gauges; the rest counts since the last reset. */
typedef struct heddle_metrics {
  uint64_t total_committed_ticks;
  uint32_t active_entity;
  uint32_t ticks_since_reset;
  uint32_t load_field, store_field;
  uint32_t created_entity, deleted_entity;
  uint32_t entered_entity, exited_entity;
  uint32_t rejected_incoming_transfer, rejected_outgoing_transfer;
} heddle_metrics;
HEDDLE_API void heddle_runtime_metrics(const heddle_application *application,
                                       heddle_metrics *metrics);
HEDDLE_API void heddle_reset_runtime_metrics(heddle_application *application);

/* --- entities; all need an open update */

/* Makes an entity of this app. `position` is three floats, or null for the middle of the cell (0,
 * 0, 0 without one). INVALID_ARGUMENT for a type below 512 or a position outside of this app's
 * domain (of every domain, where its own has no area); CAPACITY_EXCEEDED. */
HEDDLE_API heddle_error heddle_create_entity(heddle_application *application, uint32_t type,
                                             const float *position, heddle_entity *entity);
/* NOT_OWNED, NOT_FOUND. */
HEDDLE_API heddle_error heddle_delete_entity(heddle_application *application,
                                             heddle_entity *entity);
/* Moves an entity. One that leaves this app's cell goes to its new owner after the commit.
 * INVALID_ARGUMENT outside of the world, NOT_OWNED, NOT_FOUND. */
HEDDLE_API heddle_error heddle_store_position(heddle_application *application,
                                              heddle_entity *entity, float x, float y, float z);
/* Of an entity that this app owns or is subscribed to; `position` gets three floats. NOT_FOUND. */
HEDDLE_API heddle_error heddle_load_position(heddle_application *application, heddle_entity *entity,
                                             float *position);
/* The same without a copy: lends the three floats in memory. They are good until the commit, and
 * show what the app stores there. NOT_FOUND. */
HEDDLE_API heddle_error heddle_lend_position(heddle_application *application, heddle_entity *entity,
                                             const float **position);
/* Writes a data field, index 1 to 63. INVALID_ARGUMENT, CAPACITY_EXCEEDED (longer than the limit,
 * or no room), NOT_OWNED, NOT_FOUND. */
HEDDLE_API heddle_error heddle_store_field(heddle_application *application, heddle_entity *entity,
                                           uint32_t index, uint32_t type_id, const void *data,
                                           size_t bytes);
/* Lends the data of a field of an entity that this app owns or is subscribed to, without a copy.
 * `type_id` may be null. NOT_FOUND where the entity has no such field, or can't be read. */
HEDDLE_API heddle_error heddle_load_field(heddle_application *application, heddle_entity *entity,
                                          uint32_t index, uint32_t *type_id, const void **data,
                                          size_t *bytes);
/* Takes a data field away. NOT_FOUND where the entity has none, NOT_OWNED. */
HEDDLE_API heddle_error heddle_remove_field(heddle_application *application, heddle_entity *entity,
                                            uint32_t index);
/* Hands an entity to a spatial domain: from the next tick on, the app whose cell holds its position
 * owns it. INVALID_ARGUMENT for a domain without an area, or that does not reach to the position.
 */
HEDDLE_API heddle_error heddle_modify_entity_domain(heddle_application *application,
                                                    heddle_entity *entity, uint32_t domain);

typedef enum heddle_action {
  HEDDLE_NONE = 0,
  HEDDLE_REMOVE = 1,
  HEDDLE_ADD = 2,
  HEDDLE_UPDATE = 3,
  HEDDLE_REJECT = 4
} heddle_action;

typedef struct heddle_change {
  heddle_action action;
  /* Of events of subscriptions; 0 otherwise. */
  uint32_t subscription;
  heddle_entity entity;
} heddle_change;

/* What happened to this app's ownership since the last call, oldest first: ADD, REMOVE and REJECT.
 * An app that has just begun, or begun again, gets an ADD for all that it owns. */
HEDDLE_API heddle_error heddle_ownership_changes(heddle_application *application,
                                                 const heddle_change **changes, size_t *count);

/* --- columns of this app's own entities; all need an open update */

/* All have `rows` rows. Not every row holds an entity: its state is 0 where it does not. An entity
 * keeps its row for as long as this app owns it. Only positions may be written: say so afterwards.
 */
typedef struct heddle_columns {
  uint32_t rows;
  /* Entities. */
  uint32_t count;
  const double *ids;
  const uint32_t *types;
  const uint8_t *states;
  /* x, y, z a row. */
  float *positions;
} heddle_columns;
HEDDLE_API heddle_error heddle_owned_columns(heddle_application *application,
                                             heddle_columns *columns);
/* The same, but `positions` is null: for what a sweep moves. The first heddle_owned_columns in a
 * tick brings the positions of all rows up to date; a sweep does it by itself, and faster. */
HEDDLE_API heddle_error heddle_owned_rows(heddle_application *application, heddle_columns *columns);
/* Rows by what the begin of this tick brought. A row may be in `departed` and in `arrived`: another
 * entity has it now. Look at those that departed first, and at both before you create or delete. */
typedef struct heddle_tick_rows {
  /* Entities that this app owns from this tick on; in a process's first tick, all. */
  const uint32_t *arrived;
  size_t arrived_count;
  /* The rows and ids that entities had who belong to another app from this tick on. */
  const uint32_t *departed;
  const double *departed_ids;
  size_t departed_count;
  /* Entities that should have gone to another app, which has no room: tried again each tick. */
  const uint32_t *rejected;
  size_t rejected_count;
} heddle_tick_rows;
HEDDLE_API heddle_error heddle_tick_changes(heddle_application *application,
                                            heddle_tick_rows *rows);
/* Writes the rows of these entities to `rows`, in the order of the ids; -1 where this app does not
 * own one. Goes over all rows: ask once in a tick for all that are needed. */
HEDDLE_API heddle_error heddle_rows_of(heddle_application *application, const double *ids,
                                       size_t count, int64_t *rows);
/* The handle of a row's entity. NOT_FOUND where it holds none. */
HEDDLE_API heddle_error heddle_owned_entity(heddle_application *application, uint32_t row,
                                            heddle_entity *entity);
/* Makes `count` entities in the middle of the cell; `rows` gets their rows. CAPACITY_EXCEEDED where
 * not all of them fit: then none is made. */
HEDDLE_API heddle_error heddle_create_entities(heddle_application *application, uint32_t type,
                                               uint32_t count, uint32_t *rows);
/* Deletes the entities of these rows. NOT_FOUND where one of them holds none, or is named twice:
 * then none is deleted. */
HEDDLE_API heddle_error heddle_delete_entities(heddle_application *application,
                                               const uint32_t *rows, size_t count);
/* Says that the positions of the rows from `from` up to `to` were written. */
HEDDLE_API heddle_error heddle_moved(heddle_application *application, uint32_t from, uint32_t to);
/* Says that anything of one row was written: its position, and values of fields that it has.
 * INVALID_ARGUMENT where its position is outside of the world. */
HEDDLE_API heddle_error heddle_touched(heddle_application *application, uint32_t row);
/* The same for many rows: they are all looked at before anything is said. NOT_FOUND where one holds
 * no entity, INVALID_ARGUMENT. */
HEDDLE_API heddle_error heddle_touched_rows(heddle_application *application, const uint32_t *rows,
                                            size_t count);
/* Goes over the positions of all rows in pieces: `body` writes those from `from` up to `to` only,
 * and makes no other call of the application. The fastest way to move most entities in most ticks.
 */
typedef void (*heddle_sweep_body)(void *context, float *positions, uint32_t from, uint32_t to);
HEDDLE_API heddle_error heddle_sweep(heddle_application *application, heddle_sweep_body body,
                                     void *context);

/* A data field whose values all have one size. */
typedef struct heddle_shape {
  uint32_t index;
  uint32_t type_id;
  uint32_t bytes;
  /* What a row's bytes must be a multiple of: a power of 2. */
  uint32_t align_bytes;
  /* What the bytes are, as JSON ("f32x3" in quotes, or an object of such), for snapshots and
   * tables; null leaves them bytes. See docs/app-sdk.md. */
  const char *declaration;
} heddle_shape;
typedef struct heddle_field_column {
  uint8_t *data;
  /* Bytes a row. */
  uint32_t stride;
  /* One a row: 0 where the entity lacks the field, else the bytes of its value plus 1. */
  const int32_t *presence;
} heddle_field_column;
/* The values of a field, to be followed by heddle_stored. INVALID_ARGUMENT, CAPACITY_EXCEEDED. */
HEDDLE_API heddle_error heddle_field(heddle_application *application, const heddle_shape *shape,
                                     heddle_field_column *column);
/* Says that a field's values were written for the entities in the rows from `from` up to `to`: from
 * now on they have it. CAPACITY_EXCEEDED where an entity may have no further field. */
HEDDLE_API heddle_error heddle_stored(heddle_application *application, const heddle_shape *shape,
                                      uint32_t from, uint32_t to);

/* Gives the entities of these rows a field, with zeros in it for those that lacked it; its values
 * can be written next, without further word. For a few among many: heddle_stored gives it to all in
 * a range. NOT_FOUND where a row holds no entity, CAPACITY_EXCEEDED where an entity may have no
 * further field: then none is given it. */
HEDDLE_API heddle_error heddle_give(heddle_application *application, const heddle_shape *shape,
                                    const uint32_t *rows, size_t count);
/* Takes a field away from the entities of these rows, as far as they have it. NOT_FOUND where a row
 * holds no entity: then none is taken away. */
HEDDLE_API heddle_error heddle_take(heddle_application *application, uint32_t index,
                                    const uint32_t *rows, size_t count);

/* --- other apps' entities; all need an open update */

/* Subscribes to a box on a domain; entities on an edge are inside. This app's own entities are
 * reported by heddle_ownership_changes. INVALID_ARGUMENT. */
HEDDLE_API heddle_error heddle_create_subscription(heddle_application *application, uint32_t domain,
                                                   const heddle_box *box, uint32_t *subscription);
/* Moves the box: the next events tell what is new inside, and what is outside. NOT_FOUND. */
HEDDLE_API heddle_error heddle_modify_subscription(heddle_application *application,
                                                   uint32_t subscription, const heddle_box *box);
HEDDLE_API heddle_error heddle_delete_subscription(heddle_application *application,
                                                   uint32_t subscription);
/* What happened in all subscribed boxes since the last call: REMOVE, ADD and UPDATE. */
HEDDLE_API heddle_error heddle_subscription_events(heddle_application *application,
                                                   const heddle_change **changes, size_t *count);
/* The entities in a subscription's box, as of the last heddle_subscription_events. */
HEDDLE_API heddle_error heddle_subscribed_entities(heddle_application *application,
                                                   uint32_t subscription,
                                                   const heddle_entity **entities, size_t *count);

/* An entity in a box: its row in its partition, and where it is. */
typedef struct heddle_place {
  uint32_t row;
  float x, y;
} heddle_place;
/* What a subscription covers of one other partition, as of the tick before. */
typedef struct heddle_covered {
  uint32_t partition;
  /* Entities in the box, in no particular order. */
  uint32_t count;
  const heddle_place *places;
  /* The partition's columns, all with `rows` rows: of entities outside of the box, too. Read only:
   * a write ends the process. */
  uint32_t rows;
  const double *ids;
  const uint32_t *types;
  const uint8_t *states;
  /* x, y, z a row. */
  const float *positions;
} heddle_covered;
/* What a subscription covers, by partition; those without any entity in the box are left out. Good
 * until the next call for the same subscription, its next box, or the commit. NOT_FOUND. */
HEDDLE_API heddle_error heddle_covered_columns(heddle_application *application,
                                               uint32_t subscription,
                                               const heddle_covered **partitions, size_t *count);

/* Values of a field that can be read. `data` is null where nobody has the field. */
typedef struct heddle_field_view {
  const uint8_t *data;
  /* Bytes a row. */
  uint32_t stride;
  /* One a row: 0 where the entity lacks the field, else the bytes of its value plus 1. Null in a
   * neighbourhood, which has zeros as data of those that lack the field. */
  const int32_t *presence;
} heddle_field_view;
/* The values of a field in another partition, by row, as of the tick before. INVALID_STATE where
 * they have another shape there, NOT_FOUND for no partition. */
HEDDLE_API heddle_error heddle_covered_field(heddle_application *application, uint32_t partition,
                                             const heddle_shape *shape, heddle_field_view *view);

/* Stands for the row of an entity that has just left this app, and that no other app shows yet. */
#define HEDDLE_DEPARTED_ROW 0xffffffffu

typedef struct heddle_neighbour {
  heddle_entity entity;
  float position[3];
} heddle_neighbour;
/* The entities within `radius` of a place, in the plane of x and y: this app's own, and others as
 * far as subscriptions cover them; each once, in no particular order, as of the tick before,
 * whatever this app has written since. The row of one that has just left this app is
 * HEDDLE_DEPARTED_ROW. */
HEDDLE_API heddle_error heddle_neighbours(heddle_application *application, float x, float y,
                                          float radius, const heddle_neighbour **neighbours,
                                          size_t *count);

/* A picture of all that this app can see: entries below `own_rows` are its rows, as they stand at
 * the call (those that hold no entity are in no list); behind them come the entities of others, as
 * of the tick before. An entity that is changing hands is there once. */
typedef struct heddle_neighbourhood {
  uint32_t own_rows;
  /* Entries. */
  uint32_t count;
  /* One an entry. */
  const double *ids;
  const uint32_t *types;
  /* x, y, z an entry. */
  const float *positions;
  /* The neighbours of row r, without itself, are list[starts[r]] up to list[starts[r + 1]], in no
   * particular order. Null where the list was not asked for. */
  const uint32_t *starts;
  const uint32_t *list;
} heddle_neighbourhood;
/* Takes the picture, sorted by place, and with `with_list` the neighbours within `radius` of every
 * own entity, in the plane of x and y. For questions about most entities in a tick. There is one
 * picture: it is good until the next call, through later writes and commits, but for its fields.
 * INVALID_ARGUMENT for a radius that is not above 0. */
HEDDLE_API heddle_error heddle_take_neighbourhood(heddle_application *application, float radius,
                                                  bool with_list,
                                                  heddle_neighbourhood *neighbourhood);
/* A copy of a field's values, by entry: own ones as they stand at this call, those of others as of
 * the tick before; all zero where an entity lacks the field. Good until the next call for the same
 * field. INVALID_STATE where no picture was taken in this update, or subscriptions have changed
 * since. */
HEDDLE_API heddle_error heddle_neighbourhood_field(heddle_application *application,
                                                   const heddle_shape *shape,
                                                   heddle_field_view *view);
/* The entries of the last picture within a distance of a place. INVALID_STATE where none was taken
 * yet. */
HEDDLE_API heddle_error heddle_neighbourhood_at(heddle_application *application, float x, float y,
                                                float radius, const uint32_t **entries,
                                                size_t *count);

/* --- messages; all need an open update, but for the resolving */

typedef struct heddle_message {
  /* The partition of the app that sent it, for replies. */
  uint32_t sender;
  const uint8_t *data;
  size_t bytes;
} heddle_message;
/* The partition of a spatial domain whose cell holds a position. INVALID_ARGUMENT. */
HEDDLE_API heddle_error heddle_resolve_position(heddle_application *application, uint32_t domain,
                                                float x, float y, uint32_t *partition);
/* The partition of the app of that name. NOT_FOUND; INVALID_ARGUMENT for an unknown domain. */
HEDDLE_API heddle_error heddle_resolve_app_name(heddle_application *application, uint32_t domain,
                                                const char *name, uint32_t *partition);
/* Delivered at the next tick. CAPACITY_EXCEEDED over the limits, INVALID_ARGUMENT to this app
 * itself, NOT_FOUND to none. */
HEDDLE_API heddle_error heddle_send_message(heddle_application *application, uint32_t partition,
                                            const void *data, size_t bytes);
/* The messages that others sent to this app in the tick before, by sender and then in the order of
 * sending. A second call in a tick lends none. */
HEDDLE_API heddle_error heddle_receive_messages(heddle_application *application,
                                                const heddle_message **messages, size_t *count);

#ifdef __cplusplus
}
#endif

#endif
