/** A file that is not as it was installed. */
export interface FileProblem {
  path: string;
  problem: string;
}

export interface VerificationResult {
  name: string;
  version: string | null;
  ok: boolean;
  problems: FileProblem[];
}

/** Compares what is installed with what was delivered. Changes nothing. */
export interface Verification {
  /** @throws NOT_FOUND when it is not installed. */
  verify(name: string): Promise<VerificationResult>;
}
