"""Debian's python3-confluent-kafka behind the words of script-client.ts."""

import signal
import sys

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

BOOTSTRAP, VERB, *WORDS = sys.argv[1:]
COMMON = {"bootstrap.servers": BOOTSTRAP}


def main():
    globals()[VERB](*WORDS)


def version():
    print(f"{confluent_kafka.version()[0]} (librdkafka {confluent_kafka.libversion()[0]})")


def wait(futures):
    for future in futures.values():
        future.result()


def create(topic, partitions):
    admin = AdminClient(COMMON)
    wait(admin.create_topics([NewTopic(topic, int(partitions), 1)]))


def partitions(topic):
    print(len(AdminClient(COMMON).list_topics(topic, timeout=10).topics[topic].partitions))


def remove(topic):
    admin = AdminClient(COMMON)
    wait(admin.delete_topics([topic]))


def produce(topic, codec):
    failed = []
    producer = Producer({**COMMON, "compression.type": codec, "acks": "all", "enable.idempotence": True})
    for line in sys.stdin:
        producer.produce(topic, line.rstrip("\n"), on_delivery=lambda error, _: error and failed.append(error))
    producer.flush()
    if failed:
        raise KafkaException(failed[0])


def consumer(group):
    return Consumer(
        {
            **COMMON,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "heartbeat.interval.ms": 100,
            "fetch.wait.max.ms": 100,
            "enable.partition.eof": True,
        }
    )


def consume(group, topic):
    def stop(*_):
        raise SystemExit

    signal.signal(signal.SIGTERM, stop)
    member = consumer(group)
    member.subscribe([topic])
    try:
        while True:
            message = member.poll(0.1)
            if message is not None and message.error() is None:
                print(message.value().decode(), flush=True)
    finally:
        member.close()


def since(topic, time):
    reader = consumer("since")
    [found] = reader.offsets_for_times([TopicPartition(topic, 0, int(time))], timeout=10)
    reader.assign([found])
    while True:
        message = reader.poll(10)
        if message is None or message.error() is not None:
            assert message.error().code() == KafkaError._PARTITION_EOF
            return
        print(message.value().decode())


try:
    main()
except KafkaException as error:
    sys.exit(f"{error.args[0].name()}: {error.args[0].str()}")
