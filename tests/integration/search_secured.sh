#!/bin/bash
# A search store behind TLS and a password, as Kestra's file names it: the certificate is checked, each
# failure has one line with the next step, and no password is ever told.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/integration/secure_lib.sh
. "$(dirname "$0")/secure_lib.sh"

unset "${!KESTRA_@}"
export HOME=$work
make_certificates
new_secret ES_PASSWORD
secret=$ES_PASSWORD
# shellcheck disable=SC2119
load_search
new_prefix

front=$(bash -c '. scripts/servers.sh; free_port')
search_front elastic "$ES_PASSWORD" "$front"

cat > "$work/application.yml" << END
kestra:
  queue: {type: kafka}
  repository: {type: elasticsearch}
  kafka:
    client: {properties: {bootstrap.servers: $kafka}}
    defaults: {topic-prefix: $prefix, consumer-prefix: $prefix}
  elasticsearch:
    client:
      http-hosts: ["https://\${ES_HOST:localhost}:$front"]
      basic-auth: {username: "\${ES_USER:elastic}", password: "\${ES_PASSWORD}"}
      trust-all-ssl: \${ES_TRUST_ALL:false}
END
file=(-c "$work/application.yml")
trust=(--store-ca "$tls/ca.pem")

# ---- what works ----------------------------------------------------------------------------------

run_secret check "${file[@]}" "${trust[@]}"
assert_result "certificate and password are right: check" 0 "^store +(Elasticsearch|OpenSearch) .* at https?://localhost:$front|^store +(Elasticsearch|OpenSearch) .* at localhost:$front" '^CHECK: good$'
run_secret rebuild "${file[@]}" "${trust[@]}" --executions all --recover safe --report "$told/report.json" -v
assert_result "rebuild passes" 0 '^PASS \(grade [BC]\)$'
run_secret verify "${file[@]}" "${trust[@]}" --like "$told/report.json" --report "$told/report-verify.json"
assert_result "verify passes" 0 '^PASS \(grade [BC]\)$'
ES_TRUST_ALL=true run_secret check "${file[@]}"
assert_result "trust-all-ssl as in Kestra" 0 '^CHECK: good$'
printf '%s\n' "$ES_PASSWORD" > "$work/password"
ES_PASSWORD='' run_secret check "${file[@]}" "${trust[@]}" --store-user elastic --store-password-file "$work/password"
assert_result "the password in a file" 0 '^CHECK: good$'
REQUEUE_STORE_PASSWORD=$secret ES_PASSWORD='' run_secret check "${file[@]}" "${trust[@]}" --store-user elastic
assert_result "the password in a variable" 0 '^CHECK: good$'
REQUEUE_STORE_CA=$tls/ca.pem run_secret check "${file[@]}"
assert_result "the authority in a variable" 0 '^CHECK: good$'

# ---- what does not -------------------------------------------------------------------------------

denied "nobody known has signed the certificate" 6 "localhost:$front.*certificate" '--store-ca' check "${file[@]}"
denied "another authority" 6 "localhost:$front.*certificate" '--store-ca' check "${file[@]}" --store-ca "$tls/stranger.pem"
denied "the authority's file is missing" 1 'nowhere\.pem' '--store-ca' check "${file[@]}" --store-ca "$tls/nowhere.pem"
ES_HOST=127.0.0.1 denied "another name" 6 "127\.0\.0\.1:$front.*certificate is for another host name" 'as its certificate does' check "${file[@]}" "${trust[@]}"
ES_PASSWORD=wrong denied "a wrong password" 6 '401' 'password.*\(the store is named in .*/application\.yml:9\)$' check "${file[@]}" "${trust[@]}"
ES_USER='' denied "no password where one is wanted" 6 '401' '--store-user|user' check "${file[@]}" "${trust[@]}"
denied "no TLS where it is wanted" 6 "$front" 'https' check --kafka "$kafka" --store "http://localhost:$front"

# ---- secrets -------------------------------------------------------------------------------------

run_secret config "${file[@]}"
assert_result "config hides it" 0 '^store-password-file +\*\*\* '
none_told "no password is in any output, report or command line"
only_ours "reports and what lies beside them are for their owner alone"
no_contexts "all of these"

finish
