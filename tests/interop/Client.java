/* Client: Kafka's own Java client, knowing nothing of Curfew but where its settings are, for the tests to hold ours
 * against.
 *
 *     java -cp 'JARS/*' Client.java SETTINGS read:TOPIC:PARTITION | write:TOPIC:PARTITION ...
 *
 * SETTINGS is a client's file of ours (kafka.* in librdkafka's names), so that no password is an argument. `read` prints
 * a line for each record there is, in the order of the partition: offset, length and SHA-256 of the value, "-" for none.
 * `write` prints the offset that a record got, or the name of the exception that it met. */
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class Client {
    private static final int WAIT_MS = 20_000;

    /* librdkafka's settings as Java's. */
    private static Map<String, Object> translate(Properties ours) throws Exception {
        Map<String, Object> java = new HashMap<>();
        java.put("bootstrap.servers", ours.getProperty("kafka.bootstrap.servers"));
        java.put("security.protocol", ours.getProperty("kafka.security.protocol").toUpperCase());
        java.put("ssl.truststore.type", "PEM");
        java.put("ssl.truststore.location", ours.getProperty("kafka.ssl.ca.location"));
        if (ours.containsKey("kafka.ssl.key.location")) {
            java.put("ssl.keystore.type", "PEM");
            java.put("ssl.keystore.key", Files.readString(Path.of(ours.getProperty("kafka.ssl.key.location"))));
            java.put("ssl.keystore.certificate.chain",
                     Files.readString(Path.of(ours.getProperty("kafka.ssl.certificate.location"))));
        }
        if (ours.containsKey("kafka.sasl.username")) {
            java.put("sasl.mechanism", ours.getProperty("kafka.sasl.mechanism"));
            java.put("sasl.jaas.config",
                     String.format("org.apache.kafka.common.security.plain.PlainLoginModule required "
                                       + "username=\"%s\" password=\"%s\";",
                                   ours.getProperty("kafka.sasl.username"), ours.getProperty("kafka.sasl.password")));
        }
        java.put("default.api.timeout.ms", WAIT_MS);
        return java;
    }

    private static void read(Map<String, Object> settings, TopicPartition place) throws Exception {
        Map<String, Object> own = new HashMap<>(settings);
        own.put("enable.auto.commit", "false");
        try (KafkaConsumer<byte[], byte[]> consumer =
                 new KafkaConsumer<>(own, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(place));
            consumer.seekToBeginning(List.of(place));
            long end = consumer.endOffsets(List.of(place)).get(place);
            while (consumer.position(place) < end) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(WAIT_MS))) {
                    print(record.offset(), record.value());
                }
            }
        }
    }

    private static void print(long offset, byte[] value) throws Exception {
        if (value == null) {
            System.out.println(offset + " -");
            return;
        }
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(value);
        System.out.println(offset + " " + value.length + " " + HexFormat.of().formatHex(digest));
    }

    private static void write(Map<String, Object> settings, TopicPartition place) throws InterruptedException {
        Map<String, Object> own = new HashMap<>(settings);
        own.put("acks", "all");
        own.put("enable.idempotence", "false"); // or the right to be idempotent would be asked for first
        own.put("max.block.ms", WAIT_MS);
        try (KafkaProducer<byte[], byte[]> producer =
                 new KafkaProducer<>(own, new ByteArraySerializer(), new ByteArraySerializer())) {
            byte[] forged = "forged".getBytes();
            System.out.println(
                "written " + producer.send(new ProducerRecord<>(place.topic(), place.partition(), forged, forged))
                                 .get()
                                 .offset());
        } catch (ExecutionException refused) {
            System.out.println(refused.getCause().getClass().getSimpleName());
        }
    }

    public static void main(String[] arguments) throws Exception {
        Properties ours = new Properties();
        try (var file = Files.newBufferedReader(Path.of(arguments[0]))) {
            ours.load(file);
        }
        Map<String, Object> settings = translate(ours);
        for (int i = 1; i < arguments.length; i++) {
            String[] words = arguments[i].split(":");
            TopicPartition place = new TopicPartition(words[1], Integer.parseInt(words[2]));
            if (words[0].equals("read")) {
                read(settings, place);
            } else {
                write(settings, place);
            }
        }
    }
}
