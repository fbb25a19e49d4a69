/* Calls about other apps: subscriptions, neighbours, messages. Owns nothing. */

#include "binding.h"

static PyObject *create_subscription(Transaction *self, PyObject *const *arguments,
                                     Py_ssize_t count) {
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  if (count != 2) return wrong_count("create_subscription", "a domain and a box");
  uint32_t domain, subscription;
  float edges[4];
  if (!to_domain(handle, arguments[0], &domain) || !to_floats(arguments[1], "a box", 4, edges))
    return NULL;
  const heddle_box box = {edges[0], edges[1], edges[2], edges[3]};
  const heddle_error error = heddle_create_subscription(handle, domain, &box, &subscription);
  return error ? raise_last(handle, error) : PyLong_FromUnsignedLong(subscription);
}

static PyObject *modify_subscription(Transaction *self, PyObject *const *arguments,
                                     Py_ssize_t count) {
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  if (count != 2) return wrong_count("modify_subscription", "a subscription and a box");
  uint32_t subscription;
  float edges[4];
  if (!to_u32(arguments[0], "a subscription", &subscription) ||
      !to_floats(arguments[1], "a box", 4, edges))
    return NULL;
  const heddle_box box = {edges[0], edges[1], edges[2], edges[3]};
  const heddle_error error = heddle_modify_subscription(handle, subscription, &box);
  if (error) return raise_last(handle, error);
  Py_RETURN_NONE;
}

static PyObject *delete_subscription(Transaction *self, PyObject *argument) {
  heddle_application *handle = open_handle(self);
  uint32_t subscription;
  if (!handle || !to_u32(argument, "a subscription", &subscription)) return NULL;
  const heddle_error error = heddle_delete_subscription(handle, subscription);
  if (error) return raise_last(handle, error);
  Py_RETURN_NONE;
}

static PyObject *subscription_events(Transaction *self, PyObject *unused) {
  (void)unused;
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  const heddle_change *changes;
  size_t count;
  const heddle_error error = heddle_subscription_events(handle, &changes, &count);
  return error ? raise_last(handle, error) : new_changes(self->application, changes, count);
}

static PyObject *subscribed_entities(Transaction *self, PyObject *argument) {
  heddle_application *handle = open_handle(self);
  uint32_t subscription;
  if (!handle || !to_u32(argument, "a subscription", &subscription)) return NULL;
  const heddle_entity *entities;
  size_t count;
  const heddle_error error =
      heddle_subscribed_entities(handle, subscription, &entities, &count);
  if (error) return raise_last(handle, error);
  PyObject *list = PyList_New((Py_ssize_t)count);
  for (size_t place = 0; list && place < count; place++) {
    PyObject *entity = new_entity(self->application, &entities[place]);
    if (!entity) {
      Py_DECREF(list);
      return NULL;
    }
    PyList_SetItem(list, (Py_ssize_t)place, entity);
  }
  return list;
}

static PyObject *resolve_position(Transaction *self, PyObject *const *arguments,
                                  Py_ssize_t count) {
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  if (count != 3) return wrong_count("resolve_endpoint_by_position", "a domain, x and y");
  uint32_t domain, partition;
  float x, y;
  if (!to_domain(handle, arguments[0], &domain) || !to_float(arguments[1], "x", &x) ||
      !to_float(arguments[2], "y", &y))
    return NULL;
  const heddle_error error = heddle_resolve_position(handle, domain, x, y, &partition);
  return error ? raise_last(handle, error) : PyLong_FromUnsignedLong(partition);
}

static PyObject *resolve_app_name(Transaction *self, PyObject *const *arguments,
                                  Py_ssize_t count) {
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  if (count != 2 || !PyUnicode_Check(arguments[1]))
    return wrong_count("resolve_endpoint_by_app_name", "a domain and the name of an app");
  uint32_t domain, partition;
  if (!to_domain(handle, arguments[0], &domain)) return NULL;
  PyObject *name = PyUnicode_AsUTF8String(arguments[1]);
  if (!name) return NULL;
  const heddle_error error =
      heddle_resolve_app_name(handle, domain, PyBytes_AsString(name), &partition);
  Py_DECREF(name);
  return error ? raise_last(handle, error) : PyLong_FromUnsignedLong(partition);
}

static PyObject *send_message(Transaction *self, PyObject *const *arguments, Py_ssize_t count) {
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  if (count != 2) return wrong_count("send_message", "an endpoint and data");
  uint32_t partition;
  const char *data;
  size_t bytes;
  PyObject *owner;
  if (!to_u32(arguments[0], "an endpoint", &partition) ||
      !to_bytes(arguments[1], &data, &bytes, &owner))
    return NULL;
  const heddle_error error = heddle_send_message(handle, partition, data, bytes);
  Py_DECREF(owner);
  if (error) return raise_last(handle, error);
  Py_RETURN_NONE;
}

static PyObject *receive_messages(Transaction *self, PyObject *unused) {
  (void)unused;
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  const heddle_message *messages;
  size_t count;
  const heddle_error error = heddle_receive_messages(handle, &messages, &count);
  if (error) return raise_last(handle, error);
  PyObject *list = PyList_New((Py_ssize_t)count);
  for (size_t place = 0; list && place < count; place++) {
    const heddle_message *message = &messages[place];
    PyObject *item = PyStructSequence_New(message_type);
    PyObject *sender = PyLong_FromUnsignedLong(message->sender);
    PyObject *payload =
        PyBytes_FromStringAndSize((const char *)message->data, (Py_ssize_t)message->bytes);
    if (!item || !sender || !payload) {
      Py_XDECREF(item);
      Py_XDECREF(sender);
      Py_XDECREF(payload);
      Py_DECREF(list);
      return NULL;
    }
    PyStructSequence_SetItem(item, 0, sender);
    PyStructSequence_SetItem(item, 1, payload);
    PyList_SetItem(list, (Py_ssize_t)place, item);
  }
  return list;
}

PyMethodDef others_methods[] = {
    FAST("create_subscription", create_subscription,
         "create_subscription($self, domain, box, /)\n--\n\n"
         "Subscribes to a box on a domain, and returns the subscription's number.\n\n"
         "box: min_x, min_y, max_x, max_y in world units, for example a Bounds. Edges are inside.\n"
         "Raises InvalidArgument for an unknown domain, or what is not a box."),
    FAST("modify_subscription", modify_subscription,
         "modify_subscription($self, subscription, box, /)\n--\n\n"
         "Moves a subscription's box: the next events say what is new inside, and what left.\n\n"
         "Raises NotFound or InvalidArgument."),
    ONE_ARGUMENT("delete_subscription", delete_subscription,
                 "delete_subscription($self, subscription, /)\n--\n\n"
                 "Ends a subscription: its events, and its read access. Raises NotFound."),
    NO_ARGUMENTS("all_subscription_events", subscription_events,
                 "all_subscription_events($self, /)\n--\n\n"
                 "Returns a list of what happened in all subscribed boxes since the last call:\n"
                 "Change(kind, entity, subscription) with kind ADD, UPDATE or REMOVE."),
    ONE_ARGUMENT("subscribed_entities", subscribed_entities,
                 "subscribed_entities($self, subscription, /)\n--\n\n"
                 "Returns a list of the entities in a subscription's box, as of the last\n"
                 "all_subscription_events. Raises NotFound."),
    FAST("resolve_endpoint_by_position", resolve_position,
         "resolve_endpoint_by_position($self, domain, x, y, /)\n--\n\n"
         "Returns the endpoint of the app of a spatial domain whose cell contains a position.\n\n"
         "Raises InvalidArgument for a domain without an area, or a position outside of it."),
    FAST("resolve_endpoint_by_app_name", resolve_app_name,
         "resolve_endpoint_by_app_name($self, domain, name, /)\n--\n\n"
         "Returns the endpoint of an app by its name. Spatial apps are named by their domain,\n"
         "column and row: Cells-2-0.\n\n"
         "Raises InvalidArgument for an unknown domain, NotFound for no app."),
    FAST("send_message", send_message,
         "send_message($self, endpoint, data, /)\n--\n\n"
         "Sends bytes to another app, which receives them in the next tick, once.\n\n"
         "Raises CapacityExceeded beyond the limits, InvalidArgument for this app's own endpoint,\n"
         "NotFound where no app has it."),
    NO_ARGUMENTS("receive_messages", receive_messages,
                 "receive_messages($self, /)\n--\n\n"
                 "Returns a list of the messages that were sent to this app in the last tick,\n"
                 "by sender and then in the order of sending: Message(sender, payload).\n\n"
                 "A second call in a tick returns an empty list."),
    {NULL, NULL, 0, NULL}};
