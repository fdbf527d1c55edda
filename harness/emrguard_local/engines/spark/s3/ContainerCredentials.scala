package io.emrguard.fs

import com.fasterxml.jackson.databind.ObjectMapper
import java.io.IOException
import java.net.{HttpURLConnection, Proxy, URI}
import java.time.{Duration, Instant}

/** Keys of a role session. */
final case class Credentials(accessKeyId: String, secretAccessKey: String, sessionToken: String, expiration: Instant)

/** The role's credentials by the AWS SDKs' container credentials protocol: one set for the whole JVM, renewed before it
  * expires.
  */
object ContainerCredentials {
  private val UriVariable = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
  private val TokenVariable = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
  private val Margin = Duration.ofMinutes(5)
  private val TimeoutMillis = 10000

  private var cached: Option[Credentials] = None
  private var halfLife = Instant.EPOCH

  /** Credentials that are good for some minutes.
    *
    * @throws IOException the endpoint does not give any
    */
  def get(): Credentials = synchronized {
    val now = Instant.now()
    // Sessions shorter than the margin are used until the middle of their life, not fetched for each request.
    cached.filter(each => now.isBefore(each.expiration.minus(Margin)) || now.isBefore(halfLife)).getOrElse(renew(now))
  }

  /** Fetches anew, for a server that says that `stale` has expired. */
  def renewed(stale: Credentials): Credentials = synchronized {
    if (cached.contains(stale)) renew(Instant.now()) else get()
  }

  private def renew(now: Instant): Credentials = {
    val fresh = fetch()
    cached = Some(fresh)
    halfLife = now.plus(Duration.between(now, fresh.expiration).dividedBy(2))
    fresh
  }

  private def fetch(): Credentials = {
    val uri = sys.env.getOrElse(UriVariable, throw new IOException(s"$UriVariable is not set: no credentials for s3://"))
    val connection = URI.create(uri).toURL.openConnection(Proxy.NO_PROXY).asInstanceOf[HttpURLConnection]
    connection.setConnectTimeout(TimeoutMillis)
    connection.setReadTimeout(TimeoutMillis)
    sys.env.get(TokenVariable).foreach(connection.setRequestProperty("Authorization", _))
    val status = connection.getResponseCode
    if (status != 200) throw new IOException(s"no credentials from $uri: HTTP status $status")
    val body = connection.getInputStream
    val answer = try new ObjectMapper().readTree(body) finally body.close()
    def text(name: String): String =
      Option(answer.get(name)).map(_.asText).getOrElse(throw new IOException(s"credentials from $uri lack $name"))
    Credentials(text("AccessKeyId"), text("SecretAccessKey"), text("Token"), Instant.parse(text("Expiration")))
  }
}
