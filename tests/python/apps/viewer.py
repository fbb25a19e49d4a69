"""A view app in the service's style: watches the drifters, and talks to an app that answers."""

import struct

from weaver_app_sdk_v1 import api

SIGHT = api.BoundingBox2F32(api.Vector2F32(-1e6, -1e6), api.Vector2F32(1e6, 1e6))


class Viewer:
    def __init__(self, app):
        self.app = app
        self.subscription = None
        self.seen = {}
        self.heard = []
        self.updates = 0

    def update(self, txn):
        if self.subscription is None:
            domain = api.DomainId()
            for partition in api.all_partitions(txn).partitions:
                if partition.domain_type == api.DomainType.Spatial:
                    domain = partition.domain_id
                    break
            self.subscription = api.create_subscription_bounding_box2f32(txn, domain, SIGHT)
        for event in api.all_subscription_events(txn).changes:
            if event.action in (api.ChangeListAction.Add, api.ChangeListAction.Update):
                data = api.load_entity_index_key(txn, event.entity, api.BuiltinTypeId.Vector3F32)
                self.seen[event.entity.descriptor.id] = struct.unpack("<fff", bytes(data))
            elif event.action == api.ChangeListAction.Remove:
                self.seen.pop(event.entity.descriptor.id, None)
        for message in api.receive_messages(txn):
            self.heard.append((message.header.source_endpoint, bytes(message.payload.data)))
        self.talk(txn)
        self.updates += 1

    def talk(self, txn):
        tick = api.current_tick(txn).value
        echo = api.utils.resolve_endpoint_from_custom_app_name(txn, "Echoes", "echo")
        payload = api.MessagePayload(list(struct.pack("<ii", 7, tick)))
        api.send_message(txn, payload, echo, api.MessageDeliveryType.BestEffort)
        payload_list = list(b"plain")
        api.send_message(txn, payload_list, echo, api.MessageDeliveryType.BestEffort)
        pos = api.Vector2F32(1, 1)
        name = "Cells"
        cell = api.utils.resolve_endpoint_from_domain_name_position(txn, name, pos)
        api.send_message(txn, payload, cell)


def main():
    app = api.create_application()
    viewer = Viewer(app)
    while True:
        try:
            txn = api.begin_update(app)
        except Exception as error:
            print("ends: " + str(error).split(":")[0], flush=True)
            break
        viewer.update(txn)
        api.commit(txn)
        if viewer.updates == 30:
            senders = {endpoint for endpoint, _ in viewer.heard}
            texts = {text for _, text in viewer.heard}
            print(
                f"sees {len(viewer.seen)}, hears {len(senders)} sender, "
                f"plain: {b'echo heard plain' in texts}, "
                f"committed: {api.runtime_metrics(app).total_committed_ticks_gauge}, "
                f"messages: {len(viewer.heard) >= 40}",
                flush=True,
            )
    api.destroy_application(app)


main()
