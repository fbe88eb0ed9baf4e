// What cgo cannot write: the functions of callback.go as those that xkslink.h asks for.
#include <stdint.h>
#include <stdlib.h>
#include <xkslink.h>

#include "_cgo_export.h"

#define FUNCTION(name) (XksFunction)(name)

XksCallbacks xks_go_callbacks(uintptr_t callbacks, int publisher, int credential, int network, int dns, int kms, int log) {
  XksCallbacks made = {(void *)callbacks};
  made.publish = publisher ? FUNCTION(xksGoPublish) : NULL;
  made.withdraw = publisher ? FUNCTION(xksGoWithdraw) : NULL;
  made.credential = credential ? FUNCTION(xksGoCredential) : NULL;
  made.network = network ? FUNCTION(xksGoNetwork) : NULL;
  made.dns = dns ? FUNCTION(xksGoDNS) : NULL;
  made.kms = kms ? FUNCTION(xksGoKMS) : NULL;
  made.log = log ? (XksLog)xksGoLog : NULL;
  made.release = xksGoRelease;
  made.done = xksGoDone;
  return made;
}
