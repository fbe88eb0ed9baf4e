// Connects an AWS KMS external key store through a VPC endpoint service, keeps it connected, and says why it is not.

export {
  type Account,
  type AwsCredentialProvider,
  type AwsCredentials,
  Client,
  type ClientOptions,
  type ConsentOptions,
  type Logger,
  type NameProbeOptions,
  type ProbeOptions,
  type ProxyCredential,
  type Target,
  type TargetOptions,
  probeName,
} from "./client";
export {
  Connectivity,
  type Consent,
  Diagnosis,
  Facts,
  type Format,
  Plan,
  ProbeReport,
  Report,
  type RolePolicy,
  type Spec,
  Status,
  Verification,
  diagnoseText,
  schema,
} from "./documents";
export { type ErrorDocument, type ErrorKind, type Problem, XksError } from "./errors";
export type * from "./records";
export { type CallOptions, type Run, type RunOptions } from "./run";
