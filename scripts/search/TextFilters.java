import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.apache.lucene.analysis.ngram.EdgeNGramTokenFilter;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.IndexSettings;
import org.elasticsearch.index.analysis.AbstractTokenFilterFactory;
import org.elasticsearch.index.analysis.NormalizingTokenFilterFactory;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.plugins.Plugin;

/**
 * The token filters that the settings of Kestra's indices name, for an Elasticsearch whose own are
 * in a module that is not published as a jar. Lucene, which does the work, is there.
 */
public final class TextFilters extends Plugin implements AnalysisPlugin {
    @Override
    public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
        return Map.of(
                "lowercase", (index, env, name, settings) ->
                        new Filter(index, name, settings, LowerCaseFilter::new),
                "asciifolding", (index, env, name, settings) ->
                        new Filter(index, name, settings, ASCIIFoldingFilter::new),
                "edge_ngram", (index, env, name, settings) -> {
                    int min = settings.getAsInt("min_gram", 1);
                    int max = settings.getAsInt("max_gram", 2);
                    return new Filter(index, name, settings, in -> new EdgeNGramTokenFilter(in, min, max, false));
                });
    }

    private static final class Filter extends AbstractTokenFilterFactory implements NormalizingTokenFilterFactory {
        private final UnaryOperator<TokenStream> filter;

        Filter(IndexSettings index, String name, Settings settings, UnaryOperator<TokenStream> filter) {
            super(index, name, settings);
            this.filter = filter;
        }

        @Override
        public TokenStream create(TokenStream in) {
            return filter.apply(in);
        }
    }
}
