"""Debian's python3-kafka behind the words of script-client.ts."""

import signal
import sys

import kafka
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import KafkaError

BOOTSTRAP, VERB, *WORDS = sys.argv[1:]


def main():
    globals()[VERB](*WORDS)


def version():
    print(kafka.__version__)


def admin():
    return KafkaAdminClient(bootstrap_servers=BOOTSTRAP)


def create(topic, partitions):
    admin().create_topics([NewTopic(topic, int(partitions), 1)])


def partitions(topic):
    [found] = admin().describe_topics([topic])
    print(len(found["partitions"]))


def remove(topic):
    admin().delete_topics([topic])


def produce(topic, codec):
    compression = None if codec == "none" else codec
    producer = KafkaProducer(bootstrap_servers=BOOTSTRAP, compression_type=compression, acks="all", linger_ms=20)
    for future in [producer.send(topic, line.rstrip("\n").encode()) for line in sys.stdin]:
        future.get(timeout=20)
    producer.close()


def consume(group, topic):
    def stop(*_):
        raise SystemExit

    signal.signal(signal.SIGTERM, stop)
    member = KafkaConsumer(
        topic,
        bootstrap_servers=BOOTSTRAP,
        group_id=group,
        auto_offset_reset="earliest",
        heartbeat_interval_ms=100,
        fetch_max_wait_ms=100,
    )
    try:
        while True:
            for records in member.poll(timeout_ms=100).values():
                for record in records:
                    print(record.value.decode(), flush=True)
    finally:
        member.close()


def since(topic, time):
    reader = KafkaConsumer(bootstrap_servers=BOOTSTRAP)
    partition = TopicPartition(topic, 0)
    reader.assign([partition])
    reader.seek(partition, reader.offsets_for_times({partition: int(time)})[partition].offset)
    end = reader.end_offsets([partition])[partition]
    while reader.position(partition) < end:
        for record in reader.poll(timeout_ms=1000).get(partition, []):
            print(record.value.decode())


try:
    main()
except KafkaError as error:
    sys.exit(type(error).__name__)
