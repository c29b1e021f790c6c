import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.Plugin;

/**
 * A real node without its distribution: `SearchNode HOME PLUGIN-CLASS...`.
 *
 * <p>The node is made here and not by the server's own start class, which would refuse root and ask
 * for a security manager, modules on disk and kernel settings. For OpenSearch scripts/search-lib
 * puts its package name in place of Elasticsearch's.
 */
public final class SearchNode extends Node {
    private SearchNode(Environment environment, Collection<Class<? extends Plugin>> plugins) {
        super(environment, plugins, true);
    }

    public static void main(String[] args) throws Exception {
        Path home = Path.of(args[0]).toAbsolutePath();
        List<Class<? extends Plugin>> plugins = new ArrayList<>();
        for (String name : List.of(args).subList(1, args.length)) {
            plugins.add(Class.forName(name).asSubclass(Plugin.class));
        }

        Settings settings = Settings.builder().put("path.home", home.toString()).build();
        Node node = new SearchNode(
                InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), home.resolve("config"), () -> "node"),
                plugins);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
        node.start();
        new CountDownLatch(1).await(); // its own threads are daemons
    }

    private static void close(Node node) {
        try {
            node.close();
        } catch (Exception e) {
            e.printStackTrace();
        }
    }
}
