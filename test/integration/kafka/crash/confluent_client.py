"""A producer or a consumer of librdkafka for the crash test, with one line of output for each thing it knows.

Producer: `acked PARTITION NUMBER OFFSET`. Consumer: `read PARTITION OFFSET KEY`, `committed PARTITION OFFSET`.
It goes on until its input ends.
"""

import sys
import threading

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

VERB, BOOTSTRAP, TOPIC, NAME, PARTITIONS = sys.argv[1:]
COMMON = {
    "bootstrap.servers": BOOTSTRAP,
    "log_level": 2,
    "reconnect.backoff.ms": 20,
    "reconnect.backoff.max.ms": 200,
}
PADDING = b"." * 700
MOST_UNDER_WAY = 1000
stopped = threading.Event()


def main():
    threading.Thread(target=lambda: (sys.stdin.read(), stopped.set()), daemon=True).start()
    globals()[VERB]()


def say(*words):
    print(*words)


def produce():
    def fail(error):
        if error.fatal():
            say("failed", error)

    producer = Producer(
        {**COMMON, "acks": "all", "enable.idempotence": True, "linger.ms": 5, "retry.backoff.ms": 20, "error_cb": fail}
    )

    def report(number):
        def on_delivery(error, message):
            if error is None:
                say("acked", message.partition(), number, message.offset())
            else:
                say("failed", error)

        return on_delivery

    number = 0
    while not stopped.is_set():
        for partition in range(int(PARTITIONS)):
            for each in range(number, number + 5):
                key = f"{NAME}-{each}".encode()
                producer.produce(TOPIC, PADDING, key, partition, on_delivery=report(each))
        number += 5
        producer.poll(0.03)
        while len(producer) > MOST_UNDER_WAY and not stopped.is_set():
            producer.poll(0.05)
        sys.stdout.flush()
    if producer.flush(60) > 0:
        say("failed", "records are left")


def consume():
    consumer = Consumer(
        {
            **COMMON,
            "group.id": NAME,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 200,
        }
    )
    consumer.subscribe([TOPIC])
    while not stopped.is_set():
        ends = {}
        for message in consumer.consume(500, 0.1):
            if message.error() is None:
                ends[message.partition()] = message.offset() + 1
                say("read", message.partition(), message.offset(), message.key().decode())
        try:
            offsets = [TopicPartition(TOPIC, partition, end) for partition, end in ends.items()]
            for done in consumer.commit(offsets=offsets, asynchronous=False) if offsets else []:
                if done.error is None:
                    say("committed", done.partition, done.offset)
        except KafkaException:
            pass  # The broker is away; what was read comes again.
        sys.stdout.flush()
    consumer.close()


main()
