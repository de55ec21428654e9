// franz-go behind the words of script-client.ts.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

var codecs = map[string]kgo.CompressionCodec{
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

func main() {
	bootstrap, verb, words := os.Args[1], os.Args[2], os.Args[3:]
	connect := func(options ...kgo.Opt) *kgo.Client {
		client, err := kgo.NewClient(append(options, kgo.SeedBrokers(bootstrap), kgo.FetchMaxWait(100*time.Millisecond))...)
		check(err)
		return client
	}
	ctx := context.Background()
	switch verb {
	case "version":
		fmt.Println(version("github.com/twmb/franz-go"))
	case "create":
		partitions, err := strconv.Atoi(words[1])
		check(err)
		_, err = kadm.NewClient(connect()).CreateTopic(ctx, int32(partitions), 1, nil, words[0])
		check(err)
	case "partitions":
		topics, err := kadm.NewClient(connect()).ListTopics(ctx, words[0])
		check(err)
		check(topics.Error())
		fmt.Println(len(topics[words[0]].Partitions))
	case "remove":
		_, err := kadm.NewClient(connect()).DeleteTopic(ctx, words[0])
		check(err)
	case "produce":
		produce(ctx, connect(kgo.DefaultProduceTopic(words[0]), kgo.ProducerBatchCompression(codecs[words[1]])))
	case "consume":
		consume(connect(
			kgo.ConsumerGroup(words[0]), kgo.ConsumeTopics(words[1]), kgo.HeartbeatInterval(100*time.Millisecond),
			kgo.AutoCommitMarks(), kgo.Balancers(kgo.RangeBalancer()),
			kgo.OnPartitionsRevoked(func(ctx context.Context, client *kgo.Client, _ map[string][]int32) {
				check(client.CommitMarkedOffsets(ctx))
			}),
		))
	case "since":
		since(ctx, connect, words[0], words[1])
	}
}

func produce(ctx context.Context, client *kgo.Client) {
	defer client.Close()
	var records []*kgo.Record
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		records = append(records, kgo.StringRecord(lines.Text()))
	}
	check(client.ProduceSync(ctx, records...).FirstErr())
}

func consume(client *kgo.Client) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		fetches.EachRecord(func(record *kgo.Record) { fmt.Println(string(record.Value)) })
		client.MarkCommitRecords(fetches.Records()...)
	}
	check(client.CommitMarkedOffsets(context.Background()))
	client.LeaveGroup()
	client.Close()
}

func since(ctx context.Context, connect func(...kgo.Opt) *kgo.Client, topic, text string) {
	milliseconds, err := strconv.ParseInt(text, 10, 64)
	check(err)
	ends, err := kadm.NewClient(connect()).ListEndOffsets(ctx, topic)
	check(err)
	end, _ := ends.Lookup(topic, 0)
	start := kgo.NewOffset().AfterMilli(milliseconds)
	client := connect(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: start}}))
	for next := int64(0); next < end.Offset; {
		fetches := client.PollFetches(ctx)
		check(fetches.Err())
		fetches.EachRecord(func(record *kgo.Record) {
			fmt.Println(string(record.Value))
			next = record.Offset + 1
		})
	}
}

func version(module string) string {
	info, _ := debug.ReadBuildInfo()
	for _, dependency := range info.Deps {
		if dependency.Path == module {
			return dependency.Version[1:]
		}
	}
	return ""
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
