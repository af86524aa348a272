import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;

/** Asks as every Java program does that sets nothing: by HTTP/1.1, with an offer to upgrade. */
public class UpgradeClient {
    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        String body = "{\"inputs\": [1, 2]}";
        for (int round = 0; round < 3; round++) {
            ask(client, arguments[0], BodyPublishers.ofString(body));
            // Of unknown length: in chunks.
            ask(client, arguments[0], BodyPublishers.ofInputStream(
                () -> new ByteArrayInputStream(body.getBytes())));
        }
    }

    private static void ask(HttpClient client, String url, BodyPublisher body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url)).POST(body).build();
        var response = client.send(request, BodyHandlers.ofString());
        System.out.println(response.statusCode() + " " + response.body());
    }
}
