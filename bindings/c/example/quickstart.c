/* The quickstart in C, on a simulated AWS: plan, apply with events, verify, teardown, and an error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xkslink.h>

static const char *const SPEC =
    "{\"version\": 1, \"name\": \"payments-hsm\", \"region\": \"eu-central-1\","
    " \"network\": {\"type\": \"create\", \"cidr\": \"10.60.0.0/24\"}, \"data_center\": [\"10.0.0.0/16\"],"
    " \"link\": {\"type\": \"vpn_gateway\"}, \"proxy\": {\"addresses\": [\"10.0.8.10\", \"10.0.8.11\"]},"
    " \"private_dns_name\": \"xks.payments.example.com\", \"domain\": {\"type\": \"route53\"},"
    " \"key_store\": {\"path\": \"/payments/kms/xks/v1\", \"credential\": {\"type\": \"callback\"}}}";

/* Ends the program with the error that the library gave. */
static void check(const char *what, int well, char *error) {
  if (!well) {
    fprintf(stderr, "%s: %s\n", what, error == NULL ? "failed" : error);
    exit(1);
  }
}

static void credential(void *context, const char *input, const XksAnswer *answer) {
  (void)context, (void)input;
  xks_answer(answer, "{\"access_key_id\": \"ABCDEFGHIJKLMNOPQRSTUVWX\","
                     " \"raw_secret_access_key\": \"c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==\"}");
}

static void print_event(void *context, const char *event, const char *line) {
  (void)event;
  ++*(int *)context;
  puts(line);
}

static void print_log(void *context, const char *level, const char *target, const char *message) {
  (void)context;
  fprintf(stderr, "%s %s: %s\n", level, target, message);
}

/* Runs a verb to its end. */
static XksDocument *run(const XksClient *client, const char *verb, const XksDocument *document, const char *arguments) {
  char *error = NULL;
  int events = 0;
  XksRun *running = xks_start(client, verb, document, arguments, &error);
  check(verb, running != NULL, error);
  XksDocument *found = xks_run_wait(running, print_event, &events, &error);
  check(verb, found != NULL, error);
  xks_run_free(running);
  return found;
}

static void print(const XksDocument *document) {
  char *error = NULL;
  char *text = xks_write(document, "text", &error);
  check("text", text != NULL, error);
  puts(text);
  xks_free(text);
}

int main(void) {
  char *error = NULL;
  XksSimulator *aws = xks_simulator_new("{\"hosted_zones\": [\"example.com\"]}", &error);
  check("simulator", aws != NULL, error);
  XksCallbacks callbacks = {0};
  callbacks.credential = credential;
  callbacks.log = print_log;
  XksClient *client = xks_client_new("{}", &callbacks, aws, &error);
  check("client", client != NULL, error);
  XksDocument *spec = xks_read("spec", "json", SPEC, &error);
  check("spec", spec != NULL, error);

  XksDocument *plan = run(client, "plan", spec, NULL);
  print(plan);
  XksDocument *report = run(client, "apply", plan, NULL);
  print(report);
  XksDocument *verification = run(client, "verify", NULL, "{\"name\": \"payments-hsm\", \"region\": \"eu-central-1\"}");
  xks_document_free(run(client, "teardown", spec, "{\"consent\": [\"disconnect\"]}"));

  /* What is wrong is told, and nothing crashes. */
  if (xks_start(NULL, "plan", spec, NULL, &error) != NULL || strstr(error, "client: is NULL") == NULL) {
    check("an error", 0, error);
  }
  xks_free(error);
  if (xks_read("spec", "json", "{\"version\": 1}", &error) != NULL || strstr(error, "invalid_spec") == NULL) {
    check("a problem", 0, error);
  }
  xks_free(error);

  xks_document_free(verification);
  xks_document_free(report);
  xks_document_free(plan);
  xks_document_free(spec);
  xks_client_free(client);
  xks_simulator_free(aws);
  puts("done");
  return 0;
}
