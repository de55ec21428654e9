/** What a target of kind `deb` has beside its URL. */
export interface DebTarget {
  /** The message bus on which a wazo-plugind tells how its tasks go; without a password. */
  amqp?: string | undefined;
  /** wazo-auth, where it has an address of its own. */
  auth?: string | undefined;
}
