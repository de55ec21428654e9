"""Signs in with a client library and lists topics: sign-in.py LIBRARY HOST:PORT MECHANISM USER, the password on stdin."""
import sys

library, address, mechanism, user = sys.argv[1:]
password = sys.stdin.read()

if library == "kafka-python":
    import logging

    logging.disable(logging.CRITICAL)
    from kafka import KafkaConsumer
    from kafka.errors import KafkaError

    try:
        consumer = KafkaConsumer(
            bootstrap_servers=address,
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism=mechanism,
            sasl_plain_username=user,
            sasl_plain_password=password,
            api_version_auto_timeout_ms=10000,
        )
        consumer.topics()
        consumer.close()
        print("topics")
    except KafkaError:
        print("refused")
else:
    from confluent_kafka.admin import AdminClient

    problems = []
    client = AdminClient(
        {
            "bootstrap.servers": address,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": mechanism,
            "sasl.username": user,
            "sasl.password": password,
            "error_cb": problems.append,
            "log_level": 0,
        }
    )
    try:
        client.list_topics(timeout=5)
        print("topics")
    except Exception:
        for _ in range(50):
            client.poll(0.1)
            if problems:
                break
        failed = any("authentication" in str(problem).lower() for problem in problems)
        print("refused" if failed else problems)
