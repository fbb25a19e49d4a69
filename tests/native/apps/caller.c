/* A custom app that makes each call of heddle.h, in order and out of order, beside the wanderers of
 * domain Cells and an app Echoes/echo that answers messages. Prints a line for each answer that is
 * not the expected one, and after some ticks `all calls made`. */

#include <heddle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static heddle_application *app;
static int faults;

static void expect(const char *what, heddle_error got, heddle_error wanted, const char *message) {
  const char *said = heddle_last_error_message(app);
  if (got == wanted && (!message || strstr(said, message))) return;
  faults++;
  printf("fault: %s is %s (%s), not %s%s%s\n", what, heddle_error_name(got), said,
         heddle_error_name(wanted), message ? " with " : "", message ? message : "");
}

static void expect_number(const char *what, double got, double wanted) {
  if (got == wanted) return;
  faults++;
  printf("fault: %s is %g, not %g\n", what, got, wanted);
}

#define OK(call) expect(#call, call, HEDDLE_OK, NULL)
#define REFUSED(call, code, message) expect(#call, call, code, message)

static uint32_t cells, echoes, subscription, echo;
static heddle_partition own;

static void before_any_update(void) {
  heddle_entity entity = {0};
  bool blocks;
  float at[3];
  heddle_application *second;
  OK(heddle_domain_by_name(app, "Cells", &cells));
  OK(heddle_domain_by_name(app, "Echoes", &echoes));
  REFUSED(heddle_domain_by_name(app, "Sells", &cells), HEDDLE_INVALID_ARGUMENT,
          "no domain 'Sells'");
  OK(heddle_assigned_partition(app, &own));
  expect_number("whether it has a cell", own.has_cell, 0);
  expect_number("its kind of domain", own.domain_type, HEDDLE_DOMAIN_CUSTOM);
  REFUSED(heddle_commit(app), HEDDLE_INVALID_STATE, "InvalidState: no update is open");
  REFUSED(heddle_load_position(app, &entity, at), HEDDLE_INVALID_STATE, "no update is open");
  REFUSED(heddle_create_application(&second), HEDDLE_INVALID_STATE, NULL);
  OK(heddle_begin_update_will_block(app, &blocks));
  uint32_t limit, port;
  OK(heddle_runtime_limit(app, HEDDLE_ENTITIES_PER_PARTITION, &limit));
  REFUSED(heddle_runtime_limit(app, (heddle_limit)9, &limit), HEDDLE_INVALID_ARGUMENT,
          "no limit 9");
  REFUSED(heddle_ingress_port(app, 80, &port), HEDDLE_NOT_FOUND, "no ingress port 80");
}

static void first_update(void) {
  heddle_entity made, nobody = {12345678, 0, 0, 0};
  const float at[3] = {1.5f, 2.5f, 3.5f};
  float far[3] = {1e9f, 0, 0}, loaded[3];
  const void *data;
  size_t bytes;
  uint32_t type;
  bool blocks;
  REFUSED(heddle_begin_update(app), HEDDLE_INVALID_STATE, "an update is open");
  blocks = true;
  OK(heddle_begin_update_will_block(app, &blocks));
  expect_number("whether an open update blocks", blocks, 0);
  REFUSED(heddle_create_entity(app, 511, at, &made), HEDDLE_INVALID_ARGUMENT, "not 511");
  REFUSED(heddle_create_entity(app, 512, far, &made), HEDDLE_INVALID_ARGUMENT, "outside");
  OK(heddle_create_entity(app, 700, at, &made));
  OK(heddle_load_position(app, &made, loaded));
  expect_number("the position", loaded[2], 3.5);
  OK(heddle_store_field(app, &made, 5, 42, "hello", 5));
  OK(heddle_load_field(app, &made, 5, &type, &data, &bytes));
  expect_number("the type of the field", type, 42);
  expect_number("the field", bytes == 5 && memcmp(data, "hello", 5) == 0, 1);
  REFUSED(heddle_load_field(app, &made, 6, &type, &data, &bytes), HEDDLE_NOT_FOUND, "no field 6");
  REFUSED(heddle_store_field(app, &made, 64, 1, "", 0), HEDDLE_INVALID_ARGUMENT, "1 to 63");
  REFUSED(heddle_store_field(app, &made, 1, 1, NULL, 1), HEDDLE_INVALID_ARGUMENT, "null");
  REFUSED(heddle_store_field(app, &made, 1, 1, "", (size_t)1 << 30), HEDDLE_CAPACITY_EXCEEDED,
          "a field holds");
  OK(heddle_remove_field(app, &made, 5));
  REFUSED(heddle_remove_field(app, &made, 5), HEDDLE_NOT_FOUND, "no field 5");
  REFUSED(heddle_delete_entity(app, &nobody), HEDDLE_NOT_FOUND, "no entity 12345678");
  REFUSED(heddle_store_position(app, &made, 1e9f, 0, 0), HEDDLE_INVALID_ARGUMENT, "outside");
  heddle_entity other;
  OK(heddle_create_entity(app, 701, NULL, &other));
  OK(heddle_delete_entity(app, &other));
  REFUSED(heddle_load_position(app, &other, loaded), HEDDLE_NOT_FOUND, NULL);
  REFUSED(heddle_modify_entity_domain(app, &made, own.domain), HEDDLE_INVALID_ARGUMENT, "no area");
  OK(heddle_modify_entity_domain(app, &made, cells));
  const heddle_box box = {-1e6f, -1e6f, 1e6f, 1e6f}, none = {1, 0, 0, 0};
  REFUSED(heddle_create_subscription(app, cells, &none, &subscription), HEDDLE_INVALID_ARGUMENT,
          "not a box");
  REFUSED(heddle_create_subscription(app, 99, &box, &subscription), HEDDLE_INVALID_ARGUMENT,
          "no domain 99");
  OK(heddle_create_subscription(app, cells, &box, &subscription));
  REFUSED(heddle_modify_subscription(app, 77, &box), HEDDLE_NOT_FOUND, "no subscription 77");
}

static void columns_of_own(void) {
  heddle_columns columns;
  heddle_entity entity;
  uint32_t rows[10];
  heddle_shape shape = {9, 900, 8, 4, "\"f32x2\""};
  heddle_field_column speed;
  OK(heddle_create_entities(app, 702, 10, rows));
  OK(heddle_owned_columns(app, &columns));
  OK(heddle_field(app, &shape, &speed));
  for (int place = 0; place < 10; place++) {
    columns.positions[rows[place] * 3] = (float)place;
    const float value[2] = {1, 2};
    memcpy(speed.data + (size_t)rows[place] * speed.stride, value, sizeof value);
  }
  OK(heddle_moved(app, 0, columns.rows));
  OK(heddle_stored(app, &shape, 0, columns.rows));
  OK(heddle_owned_entity(app, rows[3], &entity));
  float at[3];
  OK(heddle_load_position(app, &entity, at));
  expect_number("a position that was written in a column", at[0], 3);
  const void *data;
  size_t bytes;
  OK(heddle_load_field(app, &entity, 9, NULL, &data, &bytes));
  expect_number("a value that was written in a column", ((const float *)data)[1], 2);
  REFUSED(heddle_moved(app, 5, 4), HEDDLE_INVALID_ARGUMENT, "rows 5 to 4");
  REFUSED(heddle_owned_entity(app, 1000000, &entity), HEDDLE_NOT_FOUND, "row 1000000");
  heddle_tick_rows brought;
  const float *lent;
  int64_t row;
  const double id = (double)entity.id;
  OK(heddle_lend_position(app, &entity, &lent));
  expect_number("a position that is lent", lent[0], 3);
  OK(heddle_rows_of(app, &id, 1, &row));
  expect_number("the row of an id", (double)row, rows[3]);
  OK(heddle_touched_rows(app, rows, 10));
  OK(heddle_give(app, &shape, rows, 10));
  OK(heddle_take(app, shape.index, rows, 5));
  REFUSED(heddle_load_field(app, &entity, 9, NULL, &data, &bytes), HEDDLE_NOT_FOUND, "no field 9");
  OK(heddle_tick_changes(app, &brought));
  expect_number("what was to leave with the first tick",
                (double)(brought.departed_count + brought.rejected_count), 1);
  shape.align_bytes = 3;
  REFUSED(heddle_field(app, &shape, &speed), HEDDLE_INVALID_ARGUMENT, "power of 2");
  OK(heddle_owned_entity(app, rows[9], &entity));
  OK(heddle_delete_entity(app, &entity));
  REFUSED(heddle_delete_entities(app, rows, 10), HEDDLE_NOT_FOUND, "holds no entity");
  OK(heddle_delete_entities(app, rows, 9));
}

static void shift(void *context, float *positions, uint32_t from, uint32_t to) {
  for (uint32_t row = from; row < to; row++) positions[row * 3 + 2] += 1;
  *(uint32_t *)context += to - from;
}

static size_t seen_before;
/* Entities that this app has handed over, until now and until the last update. */
static long departed, departed_before;

static void look_at_others(void) {
  const heddle_change *changes;
  const heddle_entity *seen;
  size_t count, seen_count, again;
  OK(heddle_subscription_events(app, &changes, &count));
  long added = 0;
  for (size_t place = 0; place < count; place++)
    added += changes[place].action == HEDDLE_ADD      ? 1
             : changes[place].action == HEDDLE_REMOVE ? -1
                                                      : 0;
  OK(heddle_subscribed_entities(app, subscription, &seen, &seen_count));
  expect_number("entities that are seen", (double)seen_count, (double)seen_before + (double)added);
  seen_before = seen_count;
  for (size_t place = 0; place < seen_count; place++) {
    heddle_entity entity = seen[place];
    float at[3];
    OK(heddle_load_position(app, &entity, at));
    if (place > 0) continue;
    REFUSED(heddle_store_position(app, &entity, 0, 0, 0), HEDDLE_NOT_OWNED, "belongs to another");
    entity.partition = entity.row = 0;
    OK(heddle_load_position(app, &entity, at));
  }
  const heddle_neighbour *near;
  OK(heddle_neighbours(app, 0, 0, 1e5f, &near, &count));
  heddle_columns columns;
  OK(heddle_owned_columns(app, &columns));
  /* A subscription covers an entity one tick after its handover; neighbours include it at once. */
  if (departed > 0 && departed == departed_before)
    expect_number("neighbours", (double)count, (double)seen_count);
  departed_before = departed;
  size_t within = 0;
  for (size_t place = 0; place < count; place++)
    within += near[place].position[0] * near[place].position[0] +
                  near[place].position[1] * near[place].position[1] <=
              40.0f * 40.0f;
  OK(heddle_neighbours(app, 0, 0, 40, &near, &again));
  expect_number("neighbours within 40", (double)again, (double)within);
  REFUSED(heddle_neighbours(app, 0, 0, 0, &near, &count), HEDDLE_INVALID_ARGUMENT, "radius");
  OK(heddle_subscription_events(app, &changes, &count));
  expect_number("events of a second look", (double)count, 0);
}

static int answers;

static void talk(void) {
  const heddle_message *messages;
  size_t count;
  char large[70000] = {0};
  uint32_t cell;
  OK(heddle_receive_messages(app, &messages, &count));
  for (size_t place = 0; place < count; place++)
    if (messages[place].sender == echo && messages[place].bytes == 15 &&
        memcmp(messages[place].data, "echo heard ping", 15) == 0)
      answers++;
  OK(heddle_receive_messages(app, &messages, &count));
  expect_number("messages of a second call", (double)count, 0);
  OK(heddle_resolve_app_name(app, echoes, "echo", &echo));
  REFUSED(heddle_resolve_app_name(app, echoes, "nobody", &cell), HEDDLE_NOT_FOUND,
          "no app 'nobody'");
  OK(heddle_resolve_position(app, cells, 1, 1, &cell));
  REFUSED(heddle_resolve_position(app, cells, 1e9f, 1, &cell), HEDDLE_INVALID_ARGUMENT,
          "no partition");
  REFUSED(heddle_resolve_position(app, echoes, 1, 1, &cell), HEDDLE_INVALID_ARGUMENT, "no area");
  OK(heddle_send_message(app, echo, "ping", 4));
  REFUSED(heddle_send_message(app, own.id, "ping", 4), HEDDLE_INVALID_ARGUMENT, "own partition");
  REFUSED(heddle_send_message(app, 9999, "ping", 4), HEDDLE_NOT_FOUND, "no partition 9999");
  REFUSED(heddle_send_message(app, echo, large, sizeof large), HEDDLE_CAPACITY_EXCEEDED,
          "a message holds");
  heddle_error error = HEDDLE_OK;
  for (int sent = 0; sent < 100000 && error == HEDDLE_OK; sent++)
    error = heddle_send_message(app, cell, "x", 1);
  expect("one message too many", error, HEDDLE_CAPACITY_EXCEEDED,
         "at max outgoing message capacity");
}

int main(void) {
  if (heddle_create_application(&app) != HEDDLE_OK) {
    printf("fault: %s\n", heddle_last_error_message(NULL));
    return 1;
  }
  before_any_update();
  heddle_error error;
  for (int update = 1; (error = heddle_begin_update(app)) == HEDDLE_OK; update++) {
    const heddle_change *changes;
    size_t count;
    OK(heddle_ownership_changes(app, &changes, &count));
    for (size_t place = 0; place < count; place++)
      departed += changes[place].action == HEDDLE_REMOVE;
    if (update == 1) first_update();
    if (update == 2) columns_of_own();
    if (update == 3) {
      uint32_t swept = 0;
      heddle_columns columns;
      OK(heddle_owned_rows(app, &columns));
      expect_number("positions among the rows", columns.positions != NULL, 0);
      OK(heddle_sweep(app, shift, &swept));
      expect_number("rows that were swept over", swept, columns.rows);
    }
    if (update > 1) look_at_others();
    talk();
    OK(heddle_commit(app));
    if (update == 30) {
      heddle_metrics metrics;
      heddle_runtime_metrics(app, &metrics);
      expect_number("committed ticks", (double)metrics.total_committed_ticks, 30);
      expect_number("created entities", metrics.created_entity, 12);
      expect_number("deleted entities", metrics.deleted_entity, 11);
      expect_number("entities that left", metrics.exited_entity, 1);
      heddle_reset_runtime_metrics(app);
      heddle_runtime_metrics(app, &metrics);
      expect_number("created entities after a reset", metrics.created_entity, 0);
      expect_number("entities handed over", (double)departed, 1);
      if (answers < 20) printf("fault: %d answers\n", answers);
      printf("all calls made, %d faults\n", faults);
    }
    fflush(stdout);
  }
  if (error != HEDDLE_SHUTTING_DOWN) printf("fault: %s\n", heddle_last_error_message(app));
  heddle_destroy_application(app);
  return 0;
}
