/* tests/apps/wanderers.ts once more, in C over libheddle: the same numbers move the same entities,
 * so that a world of both has the state hash of a world of either: `wanderers --seed 1 --entities
 * 50 --until 300` */

#include <heddle.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static heddle_application *app;
static heddle_partition own;
static const char *seed = "1";
static double entity_count = 50;
static uint64_t until = 1000000000;
static double half;

/* As chance() of random.ts: a number from 0 to 1 that depends on the words alone. */
static double chance(const char *words) {
  uint32_t hash = 0x811c9dc5;
  for (; *words; words++) hash = (hash ^ (unsigned char)*words) * 0x01000193u;
  hash = (hash ^ (hash >> 16)) * 0x7feb352du;
  hash = (hash ^ (hash >> 15)) * 0x846ca68bu;
  return (hash ^ (hash >> 16)) / 4294967296.0;
}

static double chance_of(uint64_t tick, uint64_t id, const char *what) {
  char words[128];
  snprintf(words, sizeof words, "%s/%llu/%llu/%s", seed, (unsigned long long)tick,
           (unsigned long long)id, what);
  return chance(words);
}

static void check(heddle_error error) {
  if (error == HEDDLE_OK) return;
  fprintf(stderr, "%s\n", heddle_last_error_message(app));
  exit(1);
}

static void store_bytes(uint64_t tick, heddle_entity *entity, uint32_t field, uint32_t type) {
  unsigned char bytes[200];
  memset(bytes, (int)(tick & 255), sizeof bytes);
  size_t length = (size_t)floor(chance_of(tick, entity->id, "length") * 200);
  check(heddle_store_field(app, entity, field, type, bytes, length));
}

static void create(uint64_t tick, unsigned birth) {
  char words[128];
  float position[3];
  const char *axes[] = {"x", "y", "z"};
  const double least[] = {own.cell.min_x, own.cell.min_y, 0};
  const double most[] = {own.cell.max_x, own.cell.max_y, 1};
  for (int axis = 0; axis < 3; axis++) {
    snprintf(words, sizeof words, "%s/%llu/%s/%u/%s", seed, (unsigned long long)tick, own.app_name,
             birth, axes[axis]);
    position[axis] = (float)(least[axis] + chance(words) * (most[axis] - least[axis]));
  }
  heddle_entity entity;
  check(heddle_create_entity(app, 512 + birth % 3, position, &entity));
  store_bytes(tick, &entity, 1, 600);
}

static void change(uint64_t tick, heddle_entity *entity) {
  const double what = chance_of(tick, entity->id, "what");
  if (what < 0.02) {
    check(heddle_delete_entity(app, entity));
    return;
  }
  if (what < 0.4) {
    const float x = (float)((chance_of(tick, entity->id, "x") * 2 - 1) * half);
    const float y = (float)((chance_of(tick, entity->id, "y") * 2 - 1) * half);
    check(heddle_store_position(app, entity, x, y, (float)tick));
  }
  if (what > 0.3 && what < 0.5) {
    const uint32_t field = 1 + (uint32_t)floor(chance_of(tick, entity->id, "field") * 4);
    store_bytes(tick, entity, field, 600 + field);
  }
  if (what <= 0.95) return;
  for (uint32_t field = 1; field <= 4; field++) {
    const void *data;
    size_t bytes;
    const heddle_error error = heddle_load_field(app, entity, field, NULL, &data, &bytes);
    if (error == HEDDLE_NOT_FOUND) continue;
    check(error);
    check(heddle_remove_field(app, entity, field));
    return;
  }
}

static int by_id(const void *one, const void *other) {
  const uint64_t a = ((const heddle_entity *)one)->id, b = ((const heddle_entity *)other)->id;
  return a < b ? -1 : a > b;
}

static void live(uint64_t tick) {
  heddle_columns columns;
  check(heddle_owned_columns(app, &columns));
  heddle_entity *owned = calloc(columns.count + 1, sizeof *owned);
  size_t count = 0;
  for (uint32_t row = 0; row < columns.rows; row++)
    if (columns.states[row] != 0) check(heddle_owned_entity(app, row, &owned[count++]));
  qsort(owned, count, sizeof *owned, by_id);
  for (size_t place = 0; place < count; place++) change(tick, &owned[place]);
  free(owned);
  char words[128];
  snprintf(words, sizeof words, "%s/%llu/%s", seed, (unsigned long long)tick, own.app_name);
  const double births = tick == 1 ? entity_count : floor(chance(words) * (entity_count / 25 + 1));
  for (unsigned birth = 0; birth < births; birth++) create(tick, birth);
}

int main(int count, char **words) {
  for (int place = 1; place + 1 < count; place += 2) {
    if (strcmp(words[place], "--seed") == 0) seed = words[place + 1];
    if (strcmp(words[place], "--entities") == 0) entity_count = atof(words[place + 1]);
    if (strcmp(words[place], "--until") == 0) until = strtoull(words[place + 1], NULL, 10);
  }
  if (heddle_create_application(&app) != HEDDLE_OK) {
    fprintf(stderr, "%s\n", heddle_last_error_message(NULL));
    return 1;
  }
  const heddle_partition *partitions;
  size_t partition_count;
  check(heddle_assigned_partition(app, &own));
  check(heddle_all_partitions(app, &partitions, &partition_count));
  for (size_t place = 0; place < partition_count; place++)
    if (partitions[place].has_cell && partitions[place].cell.max_x > half)
      half = partitions[place].cell.max_x;
  int is_first = 1;
  heddle_error error;
  while ((error = heddle_begin_update(app)) == HEDDLE_OK) {
    const uint64_t tick = heddle_current_tick(app);
    const heddle_change *changes;
    size_t change_count;
    if (is_first) {
      check(heddle_ownership_changes(app, &changes, &change_count));
      heddle_columns columns;
      check(heddle_owned_columns(app, &columns));
      size_t adds = 0;
      for (size_t place = 0; place < change_count; place++)
        adds += changes[place].action == HEDDLE_ADD;
      printf("language=C tick=%llu adds=%zu owned=%u\n", (unsigned long long)tick, adds,
             columns.count);
      fflush(stdout);
    }
    is_first = 0;
    if (tick < until) live(tick);
    check(heddle_commit(app));
  }
  if (error != HEDDLE_SHUTTING_DOWN) check(error);
  heddle_destroy_application(app);
  return 0;
}
