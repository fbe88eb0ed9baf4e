package io.github.xkslink.java

import io.github.xkslink.AwsCredentialSource
import io.github.xkslink.AwsCredentials
import io.github.xkslink.Secret
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity
import software.amazon.awssdk.identity.spi.AwsSessionCredentialsIdentity
import software.amazon.awssdk.identity.spi.IdentityProvider

/** Credentials of the AWS SDK for Java 2, which a program that uses this class brings itself. */
object AwsSdk {
    /** The credentials of a provider, such as any `AwsCredentialsProvider`. It is asked again when they expire. */
    @JvmStatic
    fun credentials(provider: IdentityProvider<out AwsCredentialsIdentity>): AwsCredentialSource =
        object : AwsCredentialSource {
            override fun credentials(): AwsCredentials {
                val given = provider.resolveIdentity().join()
                return AwsCredentials(
                    accessKeyId = given.accessKeyId(),
                    secretAccessKey = Secret(given.secretAccessKey()),
                    sessionToken = (given as? AwsSessionCredentialsIdentity)?.let { Secret(it.sessionToken()) },
                    expiresAt = given.expirationTime().orElse(null),
                )
            }
        }
}
