// What finish.py makes the generated bindings call, so that what goes wrong at the boundary is told in Kotlin's own way.

package io.github.xkslink

import com.sun.jna.Native
import com.sun.jna.Platform
import kotlin.coroutines.Continuation
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.resume
import kotlinx.coroutines.Dispatchers

/** Binds the native library, from the jar or from where the system finds it. */
internal fun registerNative(type: Class<*>, library: String) =
    try {
        Native.register(type, library)
    } catch (missing: UnsatisfiedLinkError) {
        val file = System.mapLibraryName(library)
        val what = "xkslink has no native library for ${Platform.RESOURCE_PREFIX}"
        val help = "use a jar that was built on this platform, or name the folder of $file with -Djna.library.path"
        throw UnsatisfiedLinkError("$what: $help").apply { initCause(missing) }
    }

/**
 * Goes on with a coroutine, but not on this thread, which is the library's. Without a dispatcher the coroutine would keep it for as long as
 * it does not wait, and JNA would complain that it cannot detach it.
 */
internal fun <T> Continuation<T>.resumeElsewhere(value: T) = Dispatchers.Default.dispatch(EmptyCoroutineContext) { resume(value) }

/** What a callback gave, which in Java may be null. */
internal fun <T> given(value: T): T = value ?: throw NullPointerException("a callback gave null: give what it is asked for, or throw")

/** What a callback threw, kept while its error passes through Rust. */
internal class Kept(val exception: Throwable) : Thrown {
    override fun text() = exception.toString()
}

/** What a callback threw as the exception that Rust knows. */
internal fun refused(thrown: Throwable): Throwable =
    thrown as? CallbackException ?: CallbackException.Refused(Kept(thrown))
